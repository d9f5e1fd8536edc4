/** What waits in a queue, and the machines that work on it. */
import { useEffect } from 'preact/hooks'
import type { JobTold, MachineTold, QueueTold } from '../../api.js'
import { Command, Empty, Meter, Problem, Tile } from '../parts.js'
import { useAnswer } from '../server.js'
import { useShell } from '../shell.js'

const EVERY_MS = 2000

export function QueuePage() {
  const { words, about } = useShell()
  const { value, error, again } = useAnswer<QueueTold>(about?.hasQueue === true ? 'api/queue' : null)
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) again()
    }, EVERY_MS)
    return () => clearInterval(timer)
  }, [])
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
      {value === undefined && error === undefined && <p class="loading">{words.loading}</p>}
      {value && <Queue queue={value} />}
    </>
  )
}

function Queue({ queue: { url, waiting, running, failed, machines } }: { readonly queue: QueueTold }) {
  const { words } = useShell()
  return (
    <>
      <dl class="tiles">
        <Tile name={words.runningJobs}>{running.length}</Tile>
        <Tile name={words.waitingJobs}>{waiting.length}</Tile>
        <Tile name={words.failedJobs}>{failed.length}</Tile>
        <Tile name={words.machines}>{machines.length}</Tile>
      </dl>
      <section class="panel" aria-labelledby="machines">
        <h2 id="machines">{words.machines}</h2>
        {machines.length === 0 ? (
          <>
            <p class="note">{words.noMachines}</p>
            <Command text={`npx gradpool worker --queue ${url}`} />
          </>
        ) : (
          <ul class="machines">
            {machines.map((machine) => (
              <Machine key={machine.id} machine={machine} jobs={running} />
            ))}
          </ul>
        )}
      </section>
      <Jobs title={words.runningJobs} jobs={running} />
      <Jobs title={words.waitingJobs} jobs={waiting} />
      {failed.length > 0 && <Jobs title={words.failedJobs} jobs={failed} />}
    </>
  )
}

function Machine({ machine, jobs }: { readonly machine: MachineTold; readonly jobs: readonly JobTold[] }) {
  const { words } = useShell()
  const own = jobs.filter((job) => job.machine === machine.host || job.machine === machine.id)
  return (
    <li>
      <h3>
        <span class={own.length > 0 ? 'lamp on' : 'lamp'} aria-hidden="true" />
        {machine.host}
      </h3>
      <p class="note">
        {machine.cores} {words.cores} · {(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB {words.memory} ·{' '}
        {machine.engine}
      </p>
      <p>
        {words.jobs} <b>{machine.jobs}</b>
      </p>
    </li>
  )
}

function Jobs({ title, jobs }: { readonly title: string; readonly jobs: readonly JobTold[] }) {
  const { words } = useShell()
  return (
    <section class="panel">
      <h2>{title}</h2>
      {jobs.length === 0 ? (
        <p class="note">{words.noJobs}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table class="jobs">
            <thead>
              <tr>
                <th scope="col">{words.job}</th>
                <th scope="col" class="number">
                  {words.seed}
                </th>
                <th scope="col">{words.machineName}</th>
                <th scope="col" class="progress">
                  {words.step}
                </th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={`${job.stage} ${job.seed} ${job.name}`}>
                  <th scope="row">
                    <b>{job.name}</b>
                    <small class="of">{job.experiments.join(', ')}</small>
                    {job.error !== null && <small class="of error">{job.error}</small>}
                  </th>
                  <td class="number">{job.seed}</td>
                  <td>{job.machine ?? <span class="none">–</span>}</td>
                  <td class="progress">
                    {job.step === null || job.steps === null ? (
                      <span class="none">–</span>
                    ) : (
                      <>
                        <span class="count">
                          {job.step.toLocaleString('en')} / {job.steps.toLocaleString('en')}
                        </span>
                        <Meter share={job.step / job.steps} label={`${job.name} ${words.step}`} />
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
