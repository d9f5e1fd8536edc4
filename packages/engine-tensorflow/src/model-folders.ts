/**
 * Folders for SavedModels, whose names are used again: for every path that it has ever loaded a
 * model from, TensorFlow keeps some 2 kB of statistics to the end of the process.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export class ModelFolders {
  readonly #parent: string
  readonly #free: string[] = []
  #count = 0

  /** @param parent a folder that is there */
  constructor(parent: string) {
    this.#parent = parent
  }

  /** A new, empty folder. */
  take(): string {
    const folder = this.#free.pop() ?? join(this.#parent, `model-${this.#count++}`)
    mkdirSync(folder)
    return folder
  }

  /** Removes a folder with what is in it. */
  give(folder: string): void {
    rmSync(folder, { recursive: true, force: true })
    this.#free.push(folder)
  }
}
