import { expect, test } from 'vitest'

test('every built package can be imported by its name', async () => {
  const packages = await Promise.all([
    import('@gradpool/core'),
    import('@gradpool/datasets'),
    import('@gradpool/engine-cpu'),
    import('@gradpool/experiments'),
    import('@gradpool/models'),
    import('@gradpool/orchestrator'),
  ])
  for (const exported of packages) expect(Object.keys(exported)).not.toHaveLength(0)
})
