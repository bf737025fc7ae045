"""What in an image a network looks at: the cells of a mask as factors, and their indices as maps of the image."""

from dnnsa.attribution.attribute import attribute
from dnnsa.attribution.files import Pictures, attribute_files, read_images
from dnnsa.attribution.pixels import Cells, all_pixel_maps, cells_of, pixel_maps
from dnnsa.attribution.superpixels import superpixels

__all__ = [
    "Cells",
    "Pictures",
    "all_pixel_maps",
    "attribute",
    "attribute_files",
    "cells_of",
    "pixel_maps",
    "read_images",
    "superpixels",
]
