/** A model of the user's own, as core's `stage({...})` makes it. */
export type StageModel = object
