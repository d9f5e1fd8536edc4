/** An image that is drawn, or made of a drawing. */
import { PixelImage } from '@gradpool/report/components'
import { useMemo } from 'preact/hooks'
import type { Picture as Drawn } from '../../api.js'

interface Props {
  readonly picture: Drawn | undefined
  readonly label: string
}

export function Picture({ picture, label }: Props) {
  const pixels = useMemo(
    () => picture && { ...picture, channels: picture.channels ?? 1, values: picture.pixels },
    [picture],
  )
  return <PixelImage class="picture" pixels={pixels} label={label} />
}
