// Every built package can be imported by its name.
import * as cli from '@gradpool/cli'
import * as core from '@gradpool/core'
import * as datasets from '@gradpool/datasets'
import * as engineCpu from '@gradpool/engine-cpu'
import * as experiments from '@gradpool/experiments'
import * as models from '@gradpool/models'
import * as orchestrator from '@gradpool/orchestrator'
import * as storage from '@gradpool/storage'
import * as workerPool from '@gradpool/worker-pool'
import * as gradpool from 'gradpool'
import { expect, test } from 'vitest'

const packages = {
  cli,
  core,
  datasets,
  engineCpu,
  experiments,
  gradpool,
  models,
  orchestrator,
  storage,
  workerPool,
}

test.each(Object.entries(packages))('%s has public names', (_, exported) => {
  expect(Object.keys(exported)).not.toHaveLength(0)
})
