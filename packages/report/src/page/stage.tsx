/** The figures of a stage. */
import type { ComponentChildren } from 'preact'
import { Calibration, ConfusionMatrix } from '../drawing/classification.js'
import { CodePoints, Retrieval } from '../drawing/codes.js'
import { themed } from '../drawing/paint.js'
import { Estimates, Residuals } from '../drawing/regression.js'
import type { ImageOf, Judgement, PngUrl, StageFigures } from '../figures/stage-figures.js'
import { percentText, type Words } from '../words.js'

interface Props {
  readonly figures: StageFigures
  readonly words: Words
}

export function Figures({ figures, words }: Props) {
  const { image, samples, classification, regression, reconstruction, codes, weights, walks, hashing } = figures
  const classes = classification?.classes ?? codes?.classes
  const nameOf = (label: number | null) => (label === null ? '' : (classes?.[label] ?? String(label)))
  const paint = themed
  return (
    <div class="figures">
      {classification && (
        <Card title={`${words.confusion}, ${classification.numExamples.toLocaleString('en')} ${words.examples}`}>
          <ConfusionMatrix figures={classification} paint={paint} words={words} />
        </Card>
      )}
      {classification && classification.calibration.length > 0 && (
        <Card
          title={words.calibration}
          note={`${words.calibrationError}: ${(classification.calibrationError ?? 0).toFixed(3)}`}
        >
          <Calibration figures={classification} paint={paint} words={words} />
        </Card>
      )}
      {classification && classification.mistakes.length > 0 && (
        <Card title={words.mistakes}>
          <Judgements all={classification.mistakes} image={image} nameOf={nameOf} words={words} />
        </Card>
      )}
      {samples && samples.length > 0 && (
        <Card title={words.samples}>
          <Judgements all={samples} image={image} nameOf={nameOf} words={words} />
        </Card>
      )}
      {regression && (
        <Card
          title={words.estimates}
          note={
            regression.coverage === null ? undefined : `${(100 * regression.coverage).toFixed(1)} % ${words.coverage}`
          }
        >
          <Estimates figures={regression} paint={paint} words={words} />
        </Card>
      )}
      {regression && (
        <Card title={words.residuals}>
          <Residuals figures={regression} paint={paint} words={words} />
        </Card>
      )}
      {reconstruction && image && (
        <Card title={words.reconstructions}>
          <ul class="images">
            {reconstruction.pairs.map(({ input, output, truth }, at) => (
              <li key={at}>
                <Image url={input} image={image} alt={`${words.input} ${nameOf(truth)}`} />
                <Image url={output} image={image} alt={`${words.output} ${nameOf(truth)}`} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      {walks && image && (
        <Card title={words.walks}>
          {walks.walks.map(({ from, to, images }, walk) => (
            <ul key={walk} class="images walk" aria-label={`${nameOf(from)} → ${nameOf(to)}`}>
              <li class="end">{nameOf(from)}</li>
              {images.map((url, at) => (
                <li key={at}>
                  <Image
                    url={url}
                    image={image}
                    alt={`${nameOf(from)} → ${nameOf(to)}, ${at + 1} / ${images.length}`}
                  />
                </li>
              ))}
              <li class="end">{nameOf(to)}</li>
            </ul>
          ))}
        </Card>
      )}
      {codes && (
        <Card title={`${words.codes}: ${codes.width === 1 ? words.code : words.principal}`}>
          <CodePoints figures={codes} by="principal" paint={paint} words={words} />
        </Card>
      )}
      {codes?.umap && (
        <Card title={`${words.codes}: ${words.umap}`}>
          <CodePoints figures={codes} by="umap" paint={paint} words={words} />
        </Card>
      )}
      {weights && image && (
        <Card
          title={words.weights}
          note={`${weights.name}${weights.count > weights.images.length ? `, ${weights.images.length} / ${weights.count} ${words.weightsShown}` : ''}`}
        >
          <ul class="images weights">
            {weights.images.map((url, at) => (
              <li key={at}>
                <Image url={url} image={image} alt={`${weights.name} ${at + 1}`} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      {hashing && (
        <Card
          title={words.retrieval}
          note={`${words.meanAveragePrecision}: ${hashing.meanAveragePrecision.toFixed(3)}; ${words.query}: ${hashing.numQueries.toLocaleString('en')}, ${words.examples}: ${hashing.numImages.toLocaleString('en')}`}
        >
          <Retrieval figures={hashing} paint={paint} words={words} />
        </Card>
      )}
      {hashing && image && (
        <Card title={words.queries}>
          {hashing.sheets.map(({ query, label, found }, sheet) => (
            <ul key={sheet} class="images sheet">
              <li class="query">
                <Image url={query} image={image} alt={nameOf(label)} />
                <span>{nameOf(label)}</span>
              </li>
              {found.map((one, at) => (
                <li key={at} class={one.label === label ? undefined : 'wrong'}>
                  <Image url={one.image} image={image} alt={nameOf(one.label)} />
                  <span>
                    {nameOf(one.label)} · {one.hamming}
                  </span>
                </li>
              ))}
            </ul>
          ))}
        </Card>
      )}
    </div>
  )
}

function Card({
  title,
  note,
  children,
}: {
  readonly title: string
  readonly note?: string | undefined
  readonly children: ComponentChildren
}) {
  return (
    <figure class="card">
      <figcaption>
        <strong>{title}</strong>
        {note !== undefined && <small>{note}</small>}
      </figcaption>
      {children}
    </figure>
  )
}

function Image({ url, image, alt }: { readonly url: PngUrl; readonly image: ImageOf; readonly alt: string }) {
  const scale = Math.max(1, Math.round(56 / Math.max(image.height, image.width)))
  return <img src={url} width={image.width * scale} height={image.height * scale} alt={alt} decoding="async" />
}

function Judgements({
  all,
  image,
  nameOf,
  words,
}: {
  readonly all: readonly Judgement[]
  readonly image: ImageOf | null
  readonly nameOf: (label: number) => string
  readonly words: Words
}) {
  return (
    <ul class="images judged">
      {all.map(({ image: url, truth, estimate, confidence }, at) => (
        <li key={at} class={truth === estimate ? undefined : 'wrong'}>
          {url !== null && image !== null && (
            <Image
              url={url}
              image={image}
              alt={`${words.truth} ${nameOf(truth)}, ${words.estimate} ${nameOf(estimate)}`}
            />
          )}
          <span>
            {words.truth} {nameOf(truth)}
          </span>
          <span>
            {words.estimate} {nameOf(estimate)}
          </span>
          {confidence !== null && <small>{percentText(confidence)}</small>}
        </li>
      ))}
    </ul>
  )
}
