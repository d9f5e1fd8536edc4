/**
 * The one place where the options of `fit`, `startTraining` and a loaded model's `fit` are checked:
 * each wrong or misspelt one gets one sentence that names it, what is allowed, and what was given.
 * The optimizer, `clip` and the parts of data are checked by what makes something of them. What
 * only the data or the model can tell (whether a monitor exists, whether a split leaves examples)
 * is checked where these are known.
 */
import { UserError } from '@gradpool/core'
import { inspect } from 'node:util'
import { engineNames } from '../choose-engine.js'
import { nearest } from '../nearest-name.js'

export interface Rule {
  /** What the option must be, in words. */
  readonly expected: string
  accepts(value: unknown): boolean
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isNumber = (value: unknown): value is number => typeof value === 'number'

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const upTo = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''
  return {
    expected: `a whole number of at least ${least}${upTo}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  }
}

function oneOf(...values: readonly string[]): Rule {
  return {
    expected: values.map((value) => `'${value}'`).join(' or '),
    accepts: (value) => values.some((known) => known === value),
  }
}

function rule(expected: string, accepts: (value: unknown) => boolean): Rule {
  return { expected, accepts }
}

const aFunction = rule('a function', (value) => typeof value === 'function')
const aBoolean = rule('true or false', (value) => typeof value === 'boolean')
const aName = rule(
  "the name of a metric, such as 'validation.loss'",
  (value) => typeof value === 'string' && value !== '',
)
const mode = oneOf('min', 'max')
const someData = rule('a data set, such as mnist(), a loaded one, or fields: { image: { values, shape }, … }', isObject)
const held = rule(
  'a share above 0 and below 1, a whole number of examples, or a data set of its own',
  (value) => isObject(value) || (isNumber(value) && (Number.isInteger(value) ? value >= 0 : isShare(value))),
)
const isShare = (value: number) => value > 0 && value < 1

const engine = rule(
  `${oneOf(...engineNames).expected}, or an engine`,
  (value) => (isObject(value) && 'compile' in value) || engineNames.some((known) => known === value),
)

const rules = {
  data: someData,
  fields: rule('what the rows have: { image: { shape: [784] }, … }', isObject),
  validation: held,
  test: held,
  optimizer: rule('an optimizer, such as adam()', isObject),
  batchSize: wholeNumber(1),
  epochs: wholeNumber(1),
  seed: wholeNumber(0, 2 ** 32 - 1),
  shuffle: aBoolean,
  microBatches: wholeNumber(1),
  clip: rule('clipByGlobalNorm(…) or clipByValue(…)', isObject),
  monitor: aName,
  mode,
  earlyStopping: rule(
    'an object: { patience, monitor?, minDelta?, mode? }',
    (value) => isObject(value) && !Array.isArray(value),
  ),
  keep: oneOf('last', 'best'),
  workers: wholeNumber(1, 1024),
  engine,
  averageEvery: wholeNumber(1),
  averageParts: rule(
    'a whole number of at least 1, or one for each part',
    (value) => wholeNumber(1).accepts(value) || (Array.isArray(value) && value.length > 0),
  ),
  directory: rule('the path of a folder', (value) => typeof value === 'string' && value !== ''),
  checkpointSeconds: rule('a positive number', (value) => isNumber(value) && value > 0),
  initFrom: rule(
    'a saved model (a path, a URL or bytes), a loaded or fitted one, or weights by name',
    (value) => (typeof value === 'string' && value !== '') || isObject(value),
  ),
  signal: rule('an AbortSignal', (value) => value instanceof AbortSignal),
  onStep: aFunction,
  onEpoch: aFunction,
  onEnd: aFunction,
  onWarning: aFunction,
  progress: aBoolean,
} satisfies Record<string, Rule>

const earlyStoppingRules = {
  monitor: aName,
  patience: wholeNumber(1),
  minDelta: rule('a number of at least 0', (value) => isNumber(value) && value >= 0),
  mode,
} satisfies Record<string, Rule>

interface Together {
  readonly averageEvery?: unknown
  readonly averageParts?: unknown
  readonly microBatches?: number
}

/** Names of options. */
const shared = ['seed', 'workers', 'engine', 'initFrom'] as const
const ofLearning = ['optimizer', 'microBatches', 'clip'] as const
const ofPasses = ['batchSize', 'shuffle', 'averageEvery', 'averageParts'] as const
const ofResult = ['epochs', 'monitor', 'mode', 'earlyStopping', 'keep'] as const
const ofCourse = [
  ...['validation', 'test', ...ofResult],
  ...['directory', 'checkpointSeconds', 'signal', 'progress'],
  ...['onStep', 'onEpoch', 'onEnd', 'onWarning'],
] as readonly (keyof typeof rules)[]

/** What takes options, the one that it needs, and all that it has. */
const takers = {
  fit: {
    needs: 'data',
    has: [...ofPasses, ...ofLearning, ...ofCourse, ...shared],
  },
  'fit of a loaded model': { needs: 'data', has: [...ofCourse, ...shared] },
  startTraining: { needs: 'fields', has: [...ofLearning, ...shared] },
} as const satisfies Record<string, { needs: keyof typeof rules; has: readonly string[] }>

/** @throws UserError for the first option that is unknown, missing or not allowed */
export function checkOptions(what: keyof typeof takers, options: unknown): void {
  if (!isObject(options)) throw new UserError(`${what} takes its options as an object`)
  const { needs, has } = takers[what]
  checkEach(what, '', options, rulesOf([needs, ...has]))
  if (optionOf(options, needs) === undefined) {
    throw new UserError(`${what} needs the option ${needs}: ${rules[needs].expected}`)
  }
  checkTogether(options)
}

/**
 * Options of an experiment's training, each by itself: those of `fit` that decide its result, and
 * others.
 *
 * @param where The path of these options, such as `stages[0].train`.
 */
export function checkTraining(
  where: string,
  options: unknown,
  others: Readonly<Record<string, Rule>> = {},
): asserts options is object {
  if (!isObject(options) || Array.isArray(options)) {
    throw new UserError(`${where} must be an object, not ${shown(options)}`)
  }
  const known = rulesOf([...ofPasses, ...ofLearning, ...ofResult])
  checkEach(where, `${where}.`, options, { ...known, ...others })
}

function rulesOf(names: readonly string[]): Readonly<Record<string, Rule>> {
  return Object.fromEntries(Object.entries(rules).filter(([name]) => names.includes(name)))
}

function checkEach(what: string, prefix: string, options: object, known: Readonly<Record<string, Rule>>): void {
  checkAll(what, prefix, options, known)
  const earlyStopping = optionOf(options, 'earlyStopping')
  if (!isObject(earlyStopping)) return
  const where = `${prefix}earlyStopping`
  checkAll(where, `${where}.`, earlyStopping, earlyStoppingRules)
  if (!('patience' in earlyStopping)) {
    const { expected } = earlyStoppingRules.patience
    throw new UserError(`${where} needs patience: how many epochs to wait, ${expected}`)
  }
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
function checkAll(what: string, prefix: string, options: object, known: Readonly<Record<string, Rule>>): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = Object.hasOwn(known, name) ? known[name] : undefined
    if (wanted === undefined) throw unknownOption(what, name, Object.keys(known))
    if (value === undefined || wanted.accepts(value)) continue
    throw new UserError(`${prefix}${name} must be ${wanted.expected}, not ${shown(value)}`)
  }
}

function optionOf(options: object, name: string): unknown {
  return Object.entries(options).find(([each]) => each === name)?.[1]
}

function unknownOption(what: string, name: string, known: readonly string[]): UserError {
  const near = nearest(name, known)
  const hint = near === undefined ? `its options are ${known.join(', ')}` : `it has '${near}'`
  return new UserError(`${what} has no option '${name}'; ${hint}`)
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 4, maxStringLength: 40, breakLength: Infinity })
}
