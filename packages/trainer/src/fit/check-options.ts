/**
 * The one place where the options of `fit`, `startTraining` and a loaded model's `fit` are checked:
 * each wrong or misspelt one gets one sentence that names it, what is allowed, and what was given.
 * The optimizer, `clip` and the parts of data are checked by what makes something of them. What
 * only the data or the model can tell (whether a monitor exists, whether a split leaves examples)
 * is checked where these are known.
 */
import { UserError } from '@gradpool/core'
import { checks, FieldError } from '@gradpool/core/engine'
import { engineNames } from '../choose-engine.js'
import { nearest } from '../nearest-name.js'

type Rules = Readonly<Record<string, checks.Check>>

const { check, isRecord, oneOf, trueOrFalse, whole } = checks

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isHeld = (value: number) => (Number.isInteger(value) ? value >= 0 : value > 0 && value < 1)

const isSize = (value: unknown) => typeof value === 'number' && value > 0 && isHeld(value)

const aFunction = check('a function', (value) => typeof value === 'function')
const monitor = check("the name of a metric, such as 'validation.loss'", isText)
const mode = oneOf('min', 'max')
const held = check(
  'a share above 0 and below 1, a whole number of examples, or a data set of its own',
  (value) => isObject(value) || (typeof value === 'number' && isHeld(value)),
)

const stopping: Rules = { monitor, patience: whole(1), minDelta: checks.number(0), mode }

function earlyStopping(value: unknown, field: string): void {
  if (!isRecord(value)) throw checks.refusal('an object: { patience, monitor?, minDelta?, mode? }', value, field)
  checkAll(field, `${field}.`, value, stopping)
  if ('patience' in value) return
  throw new FieldError(field, 'needs patience: how many epochs to wait, a whole number of at least 1')
}

/** What must be there, in words. */
const needed = {
  data: 'a data set, such as mnist(), a loaded one, or fields: { image: { values, shape }, … }',
  fields: 'what the rows have: { image: { shape: [784] }, … }',
}

const rules = {
  data: check(needed.data, isObject),
  fields: check(needed.fields, isObject),
  validation: held,
  test: held,
  optimizer: check('an optimizer, such as adam()', isObject),
  batchSize: whole(1),
  epochs: whole(1),
  seed: whole(0, 2 ** 32 - 1),
  shuffle: trueOrFalse,
  lastBatch: oneOf('keep', 'drop'),
  microBatches: whole(1),
  accumulate: whole(1),
  clip: check('clipByGlobalNorm(…) or clipByValue(…)', isObject),
  ema: checks.number(0, 1),
  monitor,
  mode,
  earlyStopping,
  keep: oneOf('last', 'best'),
  workers: whole(1, 1024),
  engine: check(
    `${engineNames.map((name) => `'${name}'`).join(' or ')}, the module of another engine, or an engine`,
    (value) => (isObject(value) && 'compile' in value) || isText(value),
  ),
  averageEvery: whole(1),
  averageParts: check(
    'a whole number of at least 1, or one for each part',
    (value) => (Number.isInteger(value) && Number(value) >= 1) || (Array.isArray(value) && value.length > 0),
  ),
  directory: check('the path of a folder', isText),
  checkpointSeconds: check('a positive number', (value) => typeof value === 'number' && value > 0),
  initFrom: check(
    'a saved model (a path, a URL or bytes), a loaded or fitted one, weights of another library, or weights by name',
    (value) => isText(value) || isObject(value),
  ),
  signal: check('an AbortSignal', (value) => value instanceof AbortSignal),
  sinks: check(
    'a list of sinks, such as tensorBoard(…)',
    (value) => Array.isArray(value) && value.every((sink) => isRecord(sink) && typeof sink.write === 'function'),
  ),
  onStep: aFunction,
  onEpoch: aFunction,
  onEnd: aFunction,
  onWarning: aFunction,
  progress: trueOrFalse,
  profile: check('the path of a file', isText),
  folds: whole(2),
  repeats: whole(1),
  splitBy: check(
    "'random', 'label', 'order' or { group } with the name of a column",
    (value) =>
      (isRecord(value) && Object.keys(value).join() === 'group' && isText(value.group)) ||
      ['random', 'label', 'order'].some((known) => known === value),
  ),
  onFold: aFunction,
  sizes: check(
    'a list of shares above 0 and at most 1, or of whole numbers',
    (value) => Array.isArray(value) && value.length > 0 && value.every(isSize),
  ),
  metric: check("the name of a metric, such as 'loss'", isText),
} satisfies Rules

interface Together {
  readonly averageEvery?: unknown
  readonly averageParts?: unknown
  readonly microBatches?: number
}

/** Names of options. */
const shared = ['seed', 'workers', 'engine', 'initFrom'] as const
const ofLearning = ['optimizer', 'microBatches', 'clip', 'ema', 'accumulate'] as const
const ofPasses = ['batchSize', 'shuffle', 'lastBatch', 'averageEvery', 'averageParts'] as const
const ofResult = ['epochs', 'monitor', 'mode', 'earlyStopping', 'keep'] as const
const ofCourse = [
  ...['validation', 'test', ...ofResult],
  ...['directory', 'checkpointSeconds', 'signal', 'progress', 'profile'],
  ...['onStep', 'onEpoch', 'onEnd', 'onWarning', 'sinks'],
] as readonly (keyof typeof rules)[]

const ofFolds = [
  ...['folds', 'repeats', 'splitBy', 'validation', 'signal', 'onFold', 'onWarning'],
  ...[...ofPasses, ...ofLearning, ...ofResult, ...shared],
] as readonly (keyof typeof rules)[]

/** What takes options, the one that it needs, and all that it has. */
const takers = {
  fit: {
    needs: 'data',
    has: [...ofPasses, ...ofLearning, ...ofCourse, ...shared],
  },
  crossValidate: { needs: 'data', has: ofFolds },
  learningCurve: { needs: 'data', has: ['sizes', ...ofFolds] },
  explain: { needs: 'data', has: ['metric', 'mode', 'repeats', 'seed', 'signal'] },
  'fit of a loaded model': { needs: 'data', has: [...ofCourse, ...shared] },
  startTraining: { needs: 'fields', has: [...ofLearning, ...shared] },
} as const satisfies Record<string, { needs: keyof typeof needed; has: readonly string[] }>

/** @throws UserError for the first option that is unknown, missing or not allowed */
export function checkOptions(what: keyof typeof takers, options: unknown): void {
  if (!isObject(options)) throw new UserError(`${what} takes its options as an object`)
  const { needs, has } = takers[what]
  checkAll(what, '', options, rulesOf([needs, ...has]))
  if (Reflect.get(options, needs) === undefined)
    throw new UserError(`${what} needs the option ${needs}: ${needed[needs]}`)
  checkTogether(options)
}

/**
 * Options of an experiment's training, each by itself: those of `fit` that decide its result, and
 * others.
 *
 * @param where The path of these options, such as `stages[0].train`.
 */
export function checkTraining(where: string, options: unknown, others: Rules = {}): asserts options is object {
  if (!isRecord(options)) throw checks.refusal('an object', options, where)
  const known = rulesOf([...ofPasses, ...ofLearning, ...ofResult])
  checkAll(where, `${where}.`, options, { ...known, ...others })
}

function rulesOf(names: readonly string[]): Rules {
  return Object.fromEntries(Object.entries(rules).filter(([name]) => names.includes(name)))
}

/** @throws UserError for options that are right each by itself and make no sense together */
export function checkTogether({ averageEvery, averageParts, microBatches = 1 }: Together): void {
  if (averageParts !== undefined && averageEvery === undefined) {
    throw new UserError('averageParts is of no use without averageEvery')
  }
  if (averageEvery !== undefined && microBatches > 1) {
    throw new UserError(
      'averageEvery and microBatches exclude each other: parts that train apart are averaged, not summed',
    )
  }
}

/** Undefined counts as left out. */
function checkAll(what: string, prefix: string, options: object, known: Rules): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined
    if (rule === undefined) throw unknownOption(what, name, Object.keys(known))
    if (value !== undefined) rule(value, `${prefix}${name}`)
  }
}

function unknownOption(what: string, name: string, known: readonly string[]): UserError {
  const near = nearest(name, known)
  const hint = near === undefined ? `its options are ${known.join(', ')}` : `it has '${near}'`
  return new UserError(`${what} has no option '${name}'; ${hint}`)
}
