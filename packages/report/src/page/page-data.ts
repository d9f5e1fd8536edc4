/** What is inside a page: the runs, and the figures of their stages. */
import type { StageFigures } from '../figures/stage-figures.js'
import type { RunView } from '../view/run-view.js'
import type { Language } from '../words.js'

export interface PageData {
  readonly views: readonly RunView[]
  /** By the hash of the stage. */
  readonly figures: Readonly<Record<string, StageFigures>>
  /** One sentence for each figure that is left out. */
  readonly missing: readonly string[]
  /** Default: that of the reader's browser, where it is one of the page's. */
  readonly language?: Language | undefined
}
