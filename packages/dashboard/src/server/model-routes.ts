/** What the page asks for of models. */
import { Refusal } from '@gradpool/serve/fastify'
import { hasFields, isCount } from '@gradpool/storage'
import type { FastifyInstance } from 'fastify'
import type { Drawn, ModelList, Picture } from '../api.js'
import type { ImageModels } from '../drawing/image-models.js'

const MOST_SIDE = 512
/** 512 × 512 × 3 numbers as text. */
const MOST_BYTES = 4 * 2 ** 20

export function addModelRoutes(app: FastifyInstance, models: ImageModels): void {
  app.get('/api/models', async (): Promise<ModelList> => ({ models: await models.list() }))

  app.post<{ Params: { readonly id: string }; Body: unknown }>(
    '/api/models/:id/draw',
    { bodyLimit: MOST_BYTES },
    async ({ params, body }): Promise<Drawn> => {
      if (!isPicture(body)) {
        throw new Refusal(
          400,
          `a drawing is { height, width, channels, pixels }: sides up to ${MOST_SIDE}, and numbers from 0 to 255`,
        )
      }
      const drawn = await models.draw(params.id, body)
      if (drawn === undefined) throw new Refusal(404, 'there is no such model')
      return drawn
    },
  )
}

function isPicture(value: unknown): value is Picture & Readonly<Record<string, unknown>> {
  const isSide = (side: unknown): side is number => isCount(side) && side >= 1 && side <= MOST_SIDE
  const isGrey = (grey: unknown) => typeof grey === 'number' && grey >= 0 && grey <= 255
  if (!hasFields(value, { height: isSide, width: isSide, pixels: Array.isArray })) return false
  const { height, width, channels = 1, pixels } = value
  const isWhole = (channels === 1 || channels === 3) && pixels.length === height * width * channels
  return isWhole && pixels.every(isGrey)
}
