/**
 * Safetensors files: f32 tensors by name, as JSON and raw bytes; nothing in them is evaluated.
 */
export {}
