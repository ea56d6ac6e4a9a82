import { pngEncoder } from '../../adapters/images/encode.js';
import type { EncodeImage } from '../../core/report/format.js';

/** Pictures of reports, with the image library. */
export const encodeImage: EncodeImage = (plane, { colours, scale }) =>
  pngEncoder.dataUri(colours === 'heat' ? { kind: 'heat', map: plane } : { kind: 'plain', plane }, { zoom: scale });
