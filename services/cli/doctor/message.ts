/** The first sentence is what is wrong, the rest what to do. */
export function splitMessage(error: unknown): { value: string; hint?: string } {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  const end = text.search(/\. (?=[A-Z])/);
  return end < 0 ? { value: shortened(text) } : { value: shortened(text.slice(0, end)), hint: text.slice(end + 2) };
}

/** Without source locations of the library's build machine; drivers tell long stories. */
export function shortened(text: string): string {
  const plain = text
    .replace(/\S*\/onnxruntime\/\S+:\d+ /g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return plain.length > 160 ? `${plain.slice(0, 159)}…` : plain;
}
