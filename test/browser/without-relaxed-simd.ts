/// <reference lib="dom" />
/** Before anything else in the page, where its address asks for it: WebAssembly as Safari has it. */
if (location.search === '?without-relaxed-simd') {
  const validate = WebAssembly.validate.bind(WebAssembly)
  // Opcodes of relaxed SIMD: 0xfd, then 0x105 for a multiply-add, in LEB128.
  const isRelaxed = (bytes: Uint8Array) =>
    bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 0x02)
  WebAssembly.validate = (bytes) => !isRelaxed(new Uint8Array(bytes as ArrayBuffer)) && validate(bytes)
}
export {}
