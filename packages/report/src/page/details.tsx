/** What a run was made of: machine, versions, data, hashes, configurations. */
import type { RunView } from '../view/run-view.js'
import type { Words } from '../words.js'

export function Details({ view, words }: { readonly view: RunView; readonly words: Words }) {
  const { record, experiments, stages } = view
  const { machine, versions, engine, started, commit, workers } = record
  const facts: readonly (readonly [string, string])[] = [
    [words.started, started],
    [words.machine, `${machine.cpu}, ${machine.cores} ${words.cores}, ${machine.platform} ${machine.arch}`],
    [words.engine, `${engine.name}: ${engine.description}`],
    [words.numerics, engine.numerics],
    [words.workers, String(workers)],
    [
      words.versions,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [words.commit, commit ?? '–'],
  ]
  const datasets = new Map(experiments.map(({ data }) => [data.hash, data.name]))
  return (
    <>
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Hashes head={words.data} hash={words.hash} rows={[...datasets].map(([hash, name]) => [name, hash])} />
      <Hashes
        head={words.stage}
        hash={words.stageHash}
        rows={Object.values(stages).map((stage) => [
          `${stage.experiments.join(', ')} ${stage.name}, ${words.seed} ${stage.seed}`,
          stage.hash,
        ])}
      />
      <Hashes
        head={words.experiment}
        hash={words.weightsHash}
        rows={experiments.map(({ name, seed, weightsHash }) => [`${name}, ${words.seed} ${seed}`, weightsHash ?? '–'])}
      />
      {[...new Map(experiments.map((one) => [one.name, one])).values()].map(({ name, config }) => (
        <details key={name}>
          <summary>
            {words.config}: {name}
          </summary>
          <pre tabIndex={0}>{JSON.stringify(config, null, 2)}</pre>
        </details>
      ))}
    </>
  )
}

function Hashes({
  head,
  hash,
  rows,
}: {
  readonly head: string
  readonly hash: string
  readonly rows: readonly (readonly [string, string])[]
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={hash}>
      <table class="hashes">
        <thead>
          <tr>
            <th scope="col">{head}</th>
            <th scope="col">{hash}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name + value}>
              <th scope="row">{name}</th>
              <td>
                <code>{value}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
