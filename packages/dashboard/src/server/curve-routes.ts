/** Small curves beside the list. */
import { Refusal } from '@gradpool/serve/fastify'
import type { FastifyInstance } from 'fastify'
import type { RowCurves as Told } from '../api.js'
import { RowCurves } from '../watching/row-curves.js'
import type { WatchedList } from '../watching/watched-list.js'

const MOST_ROWS = 100

export function addCurveRoutes(app: FastifyInstance, list: WatchedList): void {
  const curves = new RowCurves(list)
  app.get<{ Querystring: { readonly row?: string | readonly string[] } }>(
    '/api/curves',
    async ({ query: { row = [] }, socket }): Promise<Told> => {
      const rows = [row].flat()
      if (rows.length > MOST_ROWS) throw new Refusal(400, `curves are given of at most ${MOST_ROWS} rows at once`)
      return curves.read(rows, () => !socket.destroyed)
    },
  )
}
