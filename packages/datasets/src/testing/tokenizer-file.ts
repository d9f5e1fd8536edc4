/** Pairs of bytes as a `tokenizer.json` of Hugging Face has them, cut into words as GPT-2 does. */

/** GPT-2 has a visible character for each byte: the byte's own, or one from U+0100 on. */
function visibleBytes(): readonly string[] {
  const isVisible = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)
  let others = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : 256 + others++))
}

export function tokenizerFile(pairs: readonly (readonly [number, number])[]): object {
  const tokens = [...visibleBytes()]
  const merges = pairs.map(([first, second]) => {
    const merge = [tokens[first] ?? '', tokens[second] ?? '']
    tokens.push(merge.join(''))
    return merge
  })
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  }
}
