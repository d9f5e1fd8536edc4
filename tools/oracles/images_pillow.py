"""Writes images_pillow/: small pictures of all kinds that a folder has, and what Pillow makes of them.

    python images_pillow.py [--out images_pillow]

aster/, rose/    PNG: RGB, grey, with alpha, with a palette, of 16 bits; JPEG: RGB, grey, turned by EXIF, progressive
pixels.json      each picture as it is read, turned upright: RGB of [12, 16]
"""

import argparse
import json
import os

import missing_packages

import numpy as np
import PIL
from PIL import Image, ImageOps

SIZE = (16, 12)


def picture(seed):
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    planes = [127 + 120 * np.sin(0.37 * x * (k + 1) + 0.23 * y + seed) for k in range(3)]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "images_pillow"))
    out = parser.parse_args().out
    for kind in ("aster", "rose"):
        os.makedirs(os.path.join(out, kind), exist_ok=True)
    turned = Image.Exif()
    turned[0x0112] = 6
    alpha = picture(2).convert("RGBA")
    alpha.putalpha(128)
    deep = np.asarray(picture(4).convert("L")).astype(np.uint16) * 257
    files = {
        "aster/rgb.png": (picture(0), {}),
        "aster/grey.png": (picture(1).convert("L"), {}),
        "aster/alpha.png": (alpha, {}),
        "aster/palette.png": (picture(3).quantize(16), {}),
        "aster/deep.png": (Image.fromarray(deep), {}),
        "rose/rgb.jpg": (picture(5), {"quality": 95}),
        "rose/grey.jpeg": (picture(6).convert("L"), {"quality": 95}),
        "rose/turned.jpg": (picture(7).rotate(90, expand=True), {"quality": 95, "exif": turned}),
        "rose/progressive.jpg": (picture(8), {"quality": 95, "progressive": True}),
    }
    pixels = {}
    for name, (image, options) in files.items():
        path = os.path.join(out, name)
        image.save(path, **options)
        read = ImageOps.exif_transpose(Image.open(path))
        if read.mode.startswith("I"):
            read = Image.fromarray((np.asarray(read) >> 8).astype(np.uint8))
        read = read.convert("RGB")
        pixels[name] = np.asarray(read).ravel().tolist()
    with open(os.path.join(out, "pixels.json"), "w") as file:
        file.write(json.dumps({"Pillow": PIL.__version__, "pixels": pixels}) + "\n")


if __name__ == "__main__":
    main()
