import type { ForeignFormat, ForeignSubject } from './foreign.js';

/**
 * What a file of PyTorch is, and the command that makes a file of it that is read; undefined for other files.
 *
 * Told by how the file begins. `torch.save` writes the pickle `data.pkl` first, and a pickle names a class before it makes an
 * object of it; TorchScript and torch.export write tensors first, under names of their own.
 */
export function pytorchFormat({ text, name, entries }: ForeignSubject): ForeignFormat | undefined {
  if (text.startsWith('PK\x03\x04')) {
    const first = text.slice(nameAt);
    if (programEntry.test(first)) return exportedProgram;
    if (scriptEntry.test(first) || text.includes('c__torch__')) return torchScript;
    const saved = text.includes('data.pkl') || entries.some((entry) => /(^|\/)data\.pkl$/.test(entry));
    if (saved) return pickleKind(text);
    return text.includes('/version') || pytorchName.test(name) ? unknown : undefined;
  }
  if (text.startsWith(magic)) return pickleKind(text.slice(text.indexOf('uu.')));
  if (text.startsWith('\x80') && text[1]! >= '\x02' && text[1]! <= '\x05') return pickle;
  return name === 'pytorch_model.bin' || (text === '' && pytorchName.test(name)) ? unknown : undefined;
}

const unknown: ForeignFormat = {
  name: 'a PyTorch file',
  export: inPython('m = ...') + ', m being the model with these weights loaded',
};

const pickle: ForeignFormat = {
  name: 'a Python pickle, which would run code when it is loaded',
  export: inPython('m = ...') + ', m being the PyTorch model that is in it',
};

const stateDict: ForeignFormat = {
  name: 'a PyTorch state_dict, weights without the model they belong to',
  export:
    inPython("m = ...; m.load_state_dict(torch.load('FILE', weights_only=True))") +
    ', m being made by the code that made the model',
};

const checkpoint: ForeignFormat = {
  name: 'a PyTorch checkpoint, a dictionary that may hold weights or a model',
  export:
    inPython("m = ...; m.load_state_dict(torch.load('FILE', weights_only=True)['state_dict'])") +
    ", m being made by the code that made the model, 'state_dict' being the key of its weights",
};

const torchScript: ForeignFormat = {
  name: 'a TorchScript program',
  export: inPython("m = torch.jit.load('FILE')", ', dynamo=False'),
};

const exportedProgram: ForeignFormat = {
  name: 'a program of torch.export',
  export: `python -c "import torch; torch.onnx.export(torch.export.load('FILE'), f='model.onnx', dynamo=True)"`,
};

/** @param type the class that the pickle makes an object of. */
function pickledModule(type: string): ForeignFormat {
  return {
    name: `a pickled PyTorch object of ${type}`,
    export:
      inPython("m = torch.load('FILE', weights_only=False)") +
      ', which runs code from the file: where you do not trust it, only in a sandbox',
  };
}

/** @param load statements that make the module `m`. The images' shape is the user's to change. */
export function inPython(load: string, options = ''): string {
  return `python -c "import torch; ${load}; torch.onnx.export(m.eval(), torch.zeros(1, 3, 224, 224), 'model.onnx'${options})"`;
}

const pytorchName = /\.(pt|pth|ckpt)$/;

/** The name of a zip's first entry stands behind a header of so many bytes. */
const nameAt = 30;
const scriptEntry = /^[^/]{1,200}\/(data\/\d|constants|code\/)/;
const programEntry = /^([^/]{1,200}\/(data\/weights\/|data\/constants\/|models\/)|serialized_exported_program)/;

/** Files from before PyTorch 1.6 are pickles one behind the other: this number, a version, sizes of types, then the object. */
const magic = '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';

/** After the protocol comes an empty dictionary, a class (`c`, module, name) or, in old files, a module with its source. */
function pickleKind(text: string): ForeignFormat {
  const [, content = ''] = text.split('\x80\x02', 2);
  if (content.startsWith('}')) return checkpoint;
  const [, module = '', type = ''] =
    /^c([\w.]{1,200})\n(\w{1,200})\n/.exec(content.replace('(X\x06\0\0\0moduleq\0', '')) ?? [];
  if (module === 'collections' && type === 'OrderedDict') return stateDict;
  return module === '' || /^(torch|torch\._utils|numpy.*|builtins|__builtin__)$/.test(module)
    ? unknown
    : pickledModule(`${module}.${type}`);
}
