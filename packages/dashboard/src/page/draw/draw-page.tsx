/** What a model makes of a drawing, while one draws. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Drawn, ModelList, ModelRow, Picture as Pixels } from '../../api.js'
import { Command, Empty, Problem } from '../parts.js'
import { addressOf, replaceRoute } from '../route.js'
import { errorOf, post, useAnswer } from '../server.js'
import { useShell } from '../shell.js'
import { Pad } from './pad.js'
import { Picture } from './picture.js'

export function DrawPage({ id }: { readonly id: string }) {
  const { words } = useShell()
  const list = useAnswer<ModelList>('api/models')
  const models = list.value?.models ?? []
  const model = models.find((each) => each.id === id) ?? models.find(({ hasClasses }) => hasClasses) ?? models[0]
  return (
    <>
      <div class="heading">
        <h1>{words.drawTitle}</h1>
        {model && (
          <label class="field model">
            <span>{words.model}</span>
            <select
              value={model.id}
              onChange={({ currentTarget }) => replaceRoute(addressOf('draw', currentTarget.value))}
            >
              {models.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.title}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Problem {...list} />
      {list.value === undefined && list.isAsking && <p class="loading">{words.loading}</p>}
      {list.value && model === undefined && (
        <Empty title={words.noModels}>
          <p>{words.noModelsHint}</p>
          <Command text="npx gradpool run mnist_mlp_all" />
        </Empty>
      )}
      {model && <Drawing key={model.id} model={model} />}
    </>
  )
}

function Drawing({ model }: { readonly model: ModelRow }) {
  const { words } = useShell()
  const { drawn, error, ask } = useDrawn(model)
  return (
    <div class="drawing">
      <section class="panel" aria-label={words.pad}>
        <Pad onPicture={ask} />
      </section>
      <Problem error={error} again={() => ask(undefined)} />
      {model.hasClasses && (
        <section class="panel answer" aria-label={words.classes}>
          <Answer model={model} drawn={drawn} />
        </section>
      )}
      <section class="panel pictures" aria-label={words.shown}>
        <figure>
          <figcaption>{words.shown}</figcaption>
          <Picture picture={drawn?.shown} label={words.shown} />
        </figure>
        {model.hasReconstruction && (
          <figure>
            <figcaption>{words.reconstruction}</figcaption>
            <Picture picture={drawn?.reconstruction} label={words.reconstruction} />
          </figure>
        )}
      </section>
      {(model.hasNeighbours || model.indexCommand !== null) && (
        <section class="panel neighbours" aria-labelledby="neighbours">
          <h2 id="neighbours">{words.neighbours}</h2>
          {model.indexCommand !== null && (
            <>
              <p class="note">{words.noNeighbours}</p>
              <Command text={model.indexCommand} />
            </>
          )}
          <ol>
            {drawn?.neighbours?.map(({ image, label, distance }, at) => (
              <li key={at}>
                <Picture picture={image} label={label ?? words.neighbours} />
                <span>
                  {label !== null && <b>{label}</b>}{' '}
                  <small>
                    {distance} {distance === 1 ? words.bitDiffers : words.bitsDiffer}
                  </small>
                </span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  )
}

const byNumber = new Intl.Collator('en', { numeric: true })

/** Bars of classes at most; of more, the most probable. */
const MOST_CLASSES = 10

function Answer({ model, drawn }: { readonly model: ModelRow; readonly drawn: Drawn | undefined }) {
  const { words } = useShell()
  const told = drawn?.classes ?? []
  const best = told[0]
  // In an order that stays while one draws.
  const names = model.classes ?? told.map(({ name }) => name).sort(byNumber.compare)
  const shown = names.length <= MOST_CLASSES ? names : told.slice(0, MOST_CLASSES).map(({ name }) => name)
  return (
    <>
      <p class="verdict" role="status">
        {best === undefined ? (
          <span class="note">{words.drawFirst}</span>
        ) : (
          <>
            <small>{words.itIs}</small> <b>{best.name}</b> <small>{percent(best.probability)}</small>
          </>
        )}
      </p>
      {shown.length > 0 && (
        <ol class="bars">
          {shown.map((name) => {
            const probability = told.find((one) => one.name === name)?.probability ?? 0
            return (
              <li key={name} class={name === best?.name ? 'best' : undefined}>
                <span class="class">{name}</span>
                <span class="track" aria-hidden="true">
                  <span style={{ width: `${100 * probability}%` }} />
                </span>
                <span class="share">{best === undefined ? '' : percent(probability)}</span>
              </li>
            )
          })}
        </ol>
      )}
    </>
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.9995 ? 0 : 1)} %`
}

/** What the model makes of the last picture: one is asked for at a time, and those in between are left out. */
function useDrawn({ id }: ModelRow) {
  const [drawn, setDrawn] = useState<Drawn>()
  const [error, setError] = useState<Error>()
  const next = useRef<Pixels | undefined>(undefined)
  const isAsking = useRef(false)
  const isGone = useRef(false)
  useEffect(() => () => void (isGone.current = true), [])
  const ask = async (picture: Pixels | undefined) => {
    next.current = picture
    if (picture === undefined) setDrawn(undefined)
    if (isAsking.current) return
    isAsking.current = true
    while (next.current !== undefined && !isGone.current) {
      const asked: Pixels = next.current
      next.current = undefined
      try {
        const answer = await post<Drawn>(`api/models/${encodeURIComponent(id)}/draw`, { body: asked })
        setError(undefined)
        setDrawn(answer)
      } catch (problem) {
        setError(errorOf(problem))
      }
    }
    isAsking.current = false
  }
  return { drawn, error, ask: (picture: Pixels | undefined) => void ask(picture) }
}
