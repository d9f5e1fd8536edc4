/** The page: what is pressed, drawn and shown. */
import { Curves, percent } from './curves.js'
import { loadMnist } from './mnist.js'
import { beginOffline, keepLoaded } from './offline.js'
import { Pad, paintImage } from './pad.js'
import './style.css'
import {
  type Autoencoder,
  type Digits,
  epochs,
  loadAll,
  type Mnist,
  trainAutoencoder,
  trainDigits,
  type Watching,
} from './trainings.js'

type Name = keyof typeof epochs

/** Of `node.json`. */
interface InNode {
  readonly machine: string
  readonly hashes: Readonly<Record<Name, string>>
}

function element<E extends Element>(id: string, type: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`there is no ${id}`)
  return found
}

const form = element('form', HTMLFormElement)
const workers = element('workers', HTMLInputElement)
const [start, stop] = [element('start', HTMLButtonElement), element('stop', HTMLButtonElement)]
const [take, clear] = [element('take', HTMLButtonElement), element('clear', HTMLButtonElement)]
const progress = element('progress', HTMLProgressElement)
const [seen, back] = [element('seen', HTMLCanvasElement), element('back', HTMLCanvasElement)]
const classes = element('classes', HTMLOListElement)
const lossCurves = new Curves(element('loss', HTMLElement))
const accuracyCurves = new Curves(element('accuracy', HTMLElement), { isShare: true })
const trained: { digits?: Digits; autoencoder?: Autoencoder } = {}
let image: Uint8Array | undefined

function tell(id: string, text: string): void {
  element(id, HTMLElement).textContent = text
}

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement('li')
  const meter = Object.assign(document.createElement('meter'), { min: 0, max: 1, value: 0 })
  const share = document.createElement('span')
  meter.setAttribute('aria-label', `How likely a ${digit} is`)
  row.append(meter, share)
  classes.append(row)
  return { row, meter, share }
})

const pad = new Pad(element('pad', HTMLCanvasElement), (drawn) => {
  image = drawn
  void answer()
})

/** What the networks make of the image. */
async function answer(): Promise<void> {
  const asked = image
  paintImage(seen, asked)
  const { digits, autoencoder } = trained
  const reconstruction = asked && (await autoencoder?.predict({ image: asked }))?.reconstruction
  const logits = asked && (await digits?.predict({ image: asked }))?.logits
  if (asked !== image) return
  paintImage(back, reconstruction)
  const shares = logits && shareOf(logits)
  const best = shares ? shares.indexOf(Math.max(...shares)) : -1
  for (const [digit, { row, meter, share }] of bars.entries()) {
    const value = shares?.[digit] ?? 0
    meter.value = value
    share.textContent = shares ? percent(value) : ''
    row.classList.toggle('best', digit === best)
  }
  if (shares) tell('answer', `It is a ${best}, says the network: ${percent(shares[best] ?? 0)}.`)
  else if (digits) tell('answer', 'Draw a digit, or take an image that the network has not seen.')
}

function shareOf(logits: ArrayLike<number>): number[] {
  const all = Array.from(logits)
  const most = Math.max(...all)
  const powers = all.map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

async function train(name: Name, mnist: Mnist, inNode: InNode | undefined): Promise<void> {
  const abort = new AbortController()
  const total = epochs[name]
  stop.onclick = () => {
    abort.abort(new Error('stopped'))
  }
  start.disabled = true
  stop.disabled = false
  for (const id of ['tested', 'time', 'hash-here', 'hash-node']) tell(id, '–')
  for (const id of ['equal', 'node']) tell(id, '')
  tell('status', 'Compiling …')
  // Of an autoencoder, the loss says all.
  element('accuracy-figure', HTMLElement).hidden = name === 'autoencoder'
  lossCurves.begin(total)
  accuracyCurves.begin(total)
  let steps = 0
  const watching: Watching = {
    workers: workers.valueAsNumber,
    signal: abort.signal,
    onStep({ step, steps: all, loss, stepsPerSecond }) {
      steps = all
      progress.value = step / all
      if (step === 0 || !Number.isFinite(loss)) return
      tell('status', `Step ${step} of ${all}, ${Math.round(stepsPerSecond)} a second`)
      lossCurves.add((total * step) / all, { training: loss })
    },
    onEpoch({ epoch, accuracy, validation }) {
      if (validation) lossCurves.add(epoch, { validation: validation.loss })
      accuracyCurves.add(epoch, { training: accuracy, ...(validation && { validation: validation.accuracy }) })
    },
  }
  const began = performance.now()
  try {
    const fitted = name === 'digits' ? await trainDigits(mnist, watching) : await trainAutoencoder(mnist, watching)
    const seconds = (performance.now() - began) / 1000
    const { accuracy, loss } = await fitted.evaluate()
    Object.assign(trained, { [name]: fitted })
    progress.value = 1
    const ofTest = name === 'digits' ? `${percent(accuracy)} are right` : `squared error ${loss.toFixed(4)} a pixel`
    tell('tested', ofTest)
    const rate = steps > 0 ? `, ${Math.round((1e6 * seconds) / steps)} µs a step` : ''
    tell('time', `${seconds.toFixed(1)} s for ${total} epochs${rate}`)
    tell('status', 'Trained.')
    compare(fitted.weightsHash, name, inNode)
    await answer()
  } catch (error) {
    tell('status', abort.signal.aborted ? 'Stopped.' : error instanceof Error ? error.message : String(error))
    progress.value = 0
  } finally {
    start.disabled = false
    stop.disabled = true
  }
}

function compare(hash: string, name: Name, inNode: InNode | undefined): void {
  tell('hash-here', hash)
  if (!inNode) {
    tell('equal', 'What Node gives is not there to compare with.')
    return
  }
  const other = inNode.hashes[name]
  tell('hash-node', other)
  const equal = element('equal', HTMLElement)
  equal.textContent = hash === other ? 'Equal: every bit of every weight.' : 'They differ.'
  equal.className = hash === other ? 'good' : 'bad'
  tell('node', `Node's were trained by ${inNode.machine}.`)
}

async function nodeResults(): Promise<InNode | undefined> {
  const response = await fetch('node.json')
  return response.ok ? ((await response.json()) as InNode) : undefined
}

async function begin(): Promise<void> {
  const cores = navigator.hardwareConcurrency
  workers.valueAsNumber = crossOriginIsolated ? cores : 1
  workers.disabled = !crossOriginIsolated
  if (!(await beginOffline())) return
  tell(
    'device',
    crossOriginIsolated
      ? `${cores} cores. This page is isolated, so its Web Workers share memory.`
      : `${cores} cores. This page is not isolated from others, so it trains in one thread (see the README).`,
  )
  tell('status', 'Loading MNIST, 11 MB …')
  const [mnist, inNode] = await Promise.all([loadMnist(), nodeResults(), loadAll()])
  keepLoaded()
  tell('status', 'Ready.')
  start.disabled = false
  take.disabled = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void train(new FormData(form).get('training') === 'digits' ? 'digits' : 'autoencoder', mnist, inNode)
  })
  take.addEventListener('click', () => {
    const { images, labels } = mnist.test
    const row = Math.floor(Math.random() * labels.length)
    pad.show(images.subarray(row * 784, (row + 1) * 784))
  })
  clear.addEventListener('click', () => {
    pad.clear()
  })
}

begin().catch((error: unknown) => {
  tell('status', error instanceof Error ? error.message : String(error))
})
