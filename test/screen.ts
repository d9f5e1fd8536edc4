/**
 * What a terminal shows of what is written to it, as far as Gradpool writes: lines, the cursor moved up, rows erased.
 * Lines that are longer than a row go on in the next, and are broken anew when the terminal has another width.
 */
interface Row {
  text: string
  /** The next row goes on with this one's line. */
  goesOn: boolean
}

export class Screen {
  #columns: number
  readonly #height: number
  #rows: Row[] = [{ text: '', goesOn: false }]
  #row = 0
  #column = 0
  #rest = ''
  #wraps = true

  constructor(columns: number, height: number) {
    this.#columns = columns
    this.#height = height
  }

  /** All rows, those that were scrolled away, too. */
  get rows(): string[] {
    return this.#rows.map(({ text }) => text.trimEnd())
  }

  write(text: string): void {
    const all = this.#rest + text
    // A sequence may come in two parts.
    // eslint-disable-next-line no-control-regex -- it reads what a terminal does
    const cut = /\u001b(\[[?\d;]*)?$/.exec(all)?.index ?? all.length
    this.#rest = all.slice(cut)
    // eslint-disable-next-line no-control-regex -- as above
    for (const [part] of all.slice(0, cut).matchAll(/\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(part)
  }

  resize(columns: number): void {
    const lines: { text: string; cursor: number | undefined }[] = []
    this.#rows.forEach(({ text }, at) => {
      if (at === 0 || this.#rows[at - 1]?.goesOn !== true) lines.push({ text: '', cursor: undefined })
      const line = lines.at(-1)
      if (line === undefined) return
      if (at === this.#row) line.cursor = line.text.length + this.#column
      line.text += text
    })
    this.#columns = columns
    this.#rows = []
    for (const { text, cursor } of lines) {
      const count = Math.max(1, Math.ceil(text.length / columns))
      if (cursor !== undefined) {
        this.#row = this.#rows.length + Math.min(count - 1, Math.floor(cursor / columns))
        this.#column = Math.min(cursor, columns - 1)
      }
      for (let part = 0; part < count; part++) {
        this.#rows.push({ text: text.slice(part * columns, (part + 1) * columns), goesOn: part < count - 1 })
      }
    }
  }

  #take(part: string): void {
    if (part === '\n') this.#down(false)
    else if (part === '\r') this.#column = 0
    else if (part.startsWith('\u001b')) this.#command(part.slice(2))
    else this.#put(part)
  }

  #command(command: string): void {
    const row = this.#rows[this.#row]
    if (command.endsWith('A')) {
      const top = Math.max(0, this.#rows.length - this.#height)
      this.#row = Math.max(top, this.#row - Number(command.slice(0, -1) || 1))
    } else if (command === 'G') this.#column = 0
    else if (command === '2K' && row !== undefined) {
      Object.assign(row, { text: '', goesOn: false })
      const before = this.#rows[this.#row - 1]
      if (before !== undefined) before.goesOn = false
    } else if (/^\?7[lh]$/.test(command)) this.#wraps = command.endsWith('h')
    else if (!/^(\?25[lh]|[\d;]*m)$/.test(command)) throw new Error(`an unknown command: ${JSON.stringify(command)}`)
  }

  #put(character: string): void {
    if (this.#column >= this.#columns) {
      if (this.#wraps) this.#down(true)
      else this.#column = this.#columns - 1
    }
    const row = this.#rows[this.#row]
    if (row === undefined) return
    const text = row.text.padEnd(this.#column)
    row.text = text.slice(0, this.#column) + character + text.slice(this.#column + 1)
    this.#column++
  }

  #down(goesOn: boolean): void {
    const row = this.#rows[this.#row]
    if (row !== undefined) row.goesOn = goesOn
    this.#row++
    if (goesOn) this.#column = 0
    if (this.#row === this.#rows.length) this.#rows.push({ text: '', goesOn: false })
  }
}
