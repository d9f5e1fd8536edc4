/** Copies of fields where an engine's kernels can read them. Executions that read the same field share one copy. */
import type { Field } from './dataset.js'

export class FieldCopies<Copy> {
  readonly #make: (field: Field) => Copy
  readonly #remove: (copy: Copy) => void
  readonly #copies = new Map<Field['values'], { readonly copy: Copy; readonly users: Set<object> }>()

  constructor(make: (field: Field) => Copy, remove: (copy: Copy) => void) {
    this.#make = make
    this.#remove = remove
  }

  /** The copy of a field's values, kept until each user has released it. */
  hold(field: Field, user: object): Copy {
    const held = this.#copies.get(field.values) ?? { copy: this.#make(field), users: new Set() }
    held.users.add(user)
    this.#copies.set(field.values, held)
    return held.copy
  }

  /** Removes the copies that only this user holds. */
  release(user: object): void {
    for (const [values, { copy, users }] of this.#copies) {
      if (!users.delete(user) || users.size > 0) continue
      this.#copies.delete(values)
      this.#remove(copy)
    }
  }
}
