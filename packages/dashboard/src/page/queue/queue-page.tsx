/** What waits in a queue, and the machines that work on it. */
import { bytesText } from '@gradpool/report/components'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { JobTold, MachineTold, QueueTold } from '../../api.js'
import { Command, Empty, Meter, Problem, Tile } from '../parts.js'
import { useAnswer } from '../server.js'
import { useShell } from '../shell.js'
import { agoText, timeText } from '../words.js'

export function QueuePage() {
  const { words, about, language } = useShell()
  const { value, error, again } = useAnswer<QueueTold>(about?.hasQueue === true ? 'api/queue' : null, {
    isPolled: true,
  })
  const told = useMemo(() => new Date().toISOString(), [value])
  if (about?.hasQueue === false) {
    return (
      <Empty title={words.noQueue} isPage>
        <p>{words.noQueueHint}</p>
        <Command text="npx gradpool dashboard --queue redis://HOST" />
      </Empty>
    )
  }
  return (
    <>
      <div class="heading">
        <h1>{words.queue}</h1>
        {value && (
          <p class="note">
            <code>{value.url}</code>
          </p>
        )}
      </div>
      <Problem error={error} again={again} />
      {value && error && (
        <p class="note">
          {words.asOf} {timeText(told, language)}
        </p>
      )}
      {value === undefined && error === undefined && <p class="loading">{words.loading}</p>}
      {value && <Queue queue={value} />}
    </>
  )
}

function Queue({ queue }: { readonly queue: QueueTold }) {
  const { words, language } = useShell()
  const { url, namespace, isPaused, counts, waiting, running, failed, machines } = queue
  const options = `--queue ${url}${namespace === 'default' ? '' : ` --namespace ${namespace}`}`
  return (
    <>
      {isPaused && (
        <p class="note" role="status">
          {words.paused}
        </p>
      )}
      <dl class="tiles">
        <Tile name={words.runningJobs}>{counts.running.toLocaleString('en')}</Tile>
        <Tile name={words.waitingJobs}>{counts.waiting.toLocaleString('en')}</Tile>
        <Tile name={words.failedJobs}>{counts.failed.toLocaleString('en')}</Tile>
        <Tile name={words.machines}>{machines.length}</Tile>
      </dl>
      <section class="panel" aria-labelledby="machines">
        <h2 id="machines">{words.machines}</h2>
        {machines.length === 0 ? (
          <>
            <p class="note">{words.noMachines}</p>
            <Command text={`npx gradpool worker ${options}`} />
          </>
        ) : (
          <ul class="machines">
            {machines.map((machine) => (
              <Machine key={machine.id} machine={machine} />
            ))}
          </ul>
        )}
      </section>
      <Jobs
        title={words.runningJobs}
        count={counts.running}
        jobs={running}
        columns={[
          [words.machineName, ({ machine }) => machine ?? <span class="none">–</span>],
          [words.step, (job) => <Steps job={job} />],
        ]}
      />
      <Jobs
        title={words.waitingJobs}
        count={counts.waiting}
        jobs={waiting}
        columns={[[words.added, ({ added }) => agoText(added, Date.now(), language)]]}
      />
      {failed.length > 0 && (
        <Jobs
          title={words.failedJobs}
          count={counts.failed}
          jobs={failed}
          columns={[[words.error, ({ error }) => <span class="error">{error}</span>]]}
        >
          <p class="note">{words.retryHint}</p>
          <Command text={`npx gradpool queue retry ${options}`} />
        </Jobs>
      )}
    </>
  )
}

function Machine({ machine: { host, id, cores, memoryBytes, engine, jobs } }: { readonly machine: MachineTold }) {
  const { words } = useShell()
  return (
    <li>
      <h3>
        <span class={jobs.length > 0 ? 'lamp on' : 'lamp'} aria-hidden="true" />
        {host} <small>{id}</small>
      </h3>
      <p class="note">
        {cores} {cores === 1 ? words.core : words.cores} · {bytesText(memoryBytes)} {words.memory} · {engine}
      </p>
      <p>{jobs.length === 0 ? words.idle : jobs.join('; ')}</p>
    </li>
  )
}

type Column = readonly [head: string, cell: (job: JobTold) => ComponentChildren]

function Jobs({
  title,
  count,
  jobs,
  columns,
  children,
}: {
  readonly title: string
  /** Of those that there are; the first of them are told. */
  readonly count: number
  readonly jobs: readonly JobTold[]
  readonly columns: readonly Column[]
  readonly children?: ComponentChildren
}) {
  const { words } = useShell()
  return (
    <section class="panel">
      <h2>
        {title}
        {count > jobs.length && (
          <small>
            {' '}
            {jobs.length} {words.rowsOf} {count.toLocaleString('en')}
          </small>
        )}
      </h2>
      {jobs.length === 0 ? (
        <p class="note">{words.noJobs}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table class="jobs">
            <thead>
              <tr>
                <th scope="col">{words.job}</th>
                <th scope="col">{words.seed}</th>
                {columns.map(([head]) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={`${job.stage} ${job.seed} ${job.name}`}>
                  <th scope="row">
                    <b>{job.name}</b>
                    <small class="of">{job.experiments.join(', ')}</small>
                  </th>
                  <td data-name={words.seed}>{job.seed}</td>
                  {columns.map(([head, cell]) => (
                    <td key={head} data-name={head}>
                      {cell(job)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {children}
    </section>
  )
}

function Steps({ job: { name, step, steps } }: { readonly job: JobTold }) {
  const { words } = useShell()
  if (step === null || steps === null) return <span class="none">–</span>
  return (
    <>
      <span class="count">
        {step.toLocaleString('en')} / {steps.toLocaleString('en')}
      </span>
      <Meter share={step / steps} label={`${name} ${words.step}`} />
    </>
  )
}
