/** The version of the ONNX operator set that graphs are imported into. */
export const opset = 21;
