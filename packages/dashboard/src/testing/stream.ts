/** Server-Sent Events as a test reads them. */

export interface Message {
  readonly name: string
  readonly data: unknown
}

export interface Stream {
  /** All that came so far. */
  readonly messages: readonly Message[]
  close(): void
}

export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
  const controller = new AbortController()
  const response = await fetch(url, { headers, signal: controller.signal })
  if (response.headers.get('content-type') !== 'text/event-stream') throw new Error(await response.text())
  const messages: Message[] = []
  const read = async () => {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const [, name, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? []
        if (name !== undefined) messages.push({ name, data: data === '' ? undefined : JSON.parse(data) })
      }
    }
  }
  void read().catch(() => undefined)
  return { messages, close: () => controller.abort() }
}
