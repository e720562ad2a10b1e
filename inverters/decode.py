"""From what a device said to what it means: the only decoder of registers.

A decoder is made once for a profile and the blocks that are read. Each block has one precompiled struct,
each value one divisor and the raw bounds between which nothing more need be asked; everything else (absent
patterns, masks, doubtful values) is off the fast path.
"""

import math
from collections.abc import Mapping, Sequence

from domain.measurement import Batch, BlockRead, Quality, Sample, WordBlock
from domain.quantity import quantity
from inverters.document import decode_document
from inverters.layout import Doubts, compile_layout, scaled
from inverters.point import Point
from inverters.profile import DeviceProfile
from inverters.special import decode_special

_MISSING = (math.nan,)


class Decoder:
    """Decodes samples of one device, or of many equal ones.

    Parameters
    ----------
    profile : DeviceProfile
        What the registers mean.
    blocks : sequence of BlockRead
        What is read, as `plan` gives it or as learned from refusals.
    string_count : int or None
        Module strings the device has; further string points are left out.
    ct_ratio, pt_ratio : float
        Turn a meter's secondary values into primary ones.
    everything : bool
        Also decode points of class ``detail`` and those only larger models have.

    Attributes
    ----------
    quantities : tuple of str
        What every batch holds, block by block.
    """

    def __init__(
        self,
        profile: DeviceProfile,
        blocks: Sequence[BlockRead] = (),
        *,
        string_count: int | None = None,
        ct_ratio: float = 1.0,
        pt_ratio: float = 1.0,
        everything: bool = False,
    ) -> None:
        self.profile = profile
        self.blocks = tuple(blocks)
        self._string_count = string_count
        self._ratios = (ct_ratio, pt_ratio)
        self._everything = everything
        self._layout = compile_layout(profile, self.blocks, string_count, self._ratios, everything)
        self._keys = {(block.function, block.address): number for number, block in enumerate(self.blocks)}
        self._lengths = [block.count * 2 for block in self.blocks]
        self.quantities = self._layout.quantities

    def decode(self, sample: Sample) -> Batch:
        """Return the batch ``sample`` means.

        A value whose block is missing, or that the device marks as absent, is None; an implausible one is
        kept with Quality.OUT_OF_RANGE. Blocks that were not planned, or came cut short, are decoded as far
        as whole points lie inside: a high word without its low word is nothing.
        """
        layout, words = self._layout, self._sorted(sample.blocks)
        if words is None:
            return self._decode_unplanned(sample)
        raws: list[float] = []
        for part in layout.parts:
            content = words[part.block]
            if content is None:
                raws += _MISSING * part.count
            else:
                raws += part.struct.unpack(_bytes_exchanged(content) if part.swapped else content)
        doubts: Doubts = []
        values = [
            raw / divisor if low <= raw <= high else None if raw == absent else slow(raw, doubts)
            for raw, (divisor, low, high, absent, slow) in zip(raws, layout.readings, strict=True)
        ]
        texts = None if layout.plain else self._finish(values, words, doubts)
        return self._batch(sample, values, doubts, texts)

    def decode_document(self, sample: Sample) -> Batch:
        """Return the batch a JSON document means; see `inverters.document`."""
        return decode_document(self.profile, sample)

    def _batch(
        self, sample: Sample, values: list[float | None], doubts: Doubts, texts: Mapping[str, str] | None
    ) -> Batch:
        qualities = _qualities(values, doubts) if doubts else None
        at, came, origin = sample.measured_at, sample.received_at, sample.origin
        if texts:
            names = self.quantities
            return Batch(sample.device_id, at, names, tuple(values), qualities, came, origin, texts)
        return Batch(sample.device_id, at, self.quantities, tuple(values), qualities, came, origin)

    def _sorted(self, blocks: tuple[WordBlock, ...]) -> list[bytes | None] | None:
        """Return the bytes of each planned block; None when a block came that was not planned so."""
        words: list[bytes | None] = [None] * len(self.blocks)
        for block in blocks:
            number = self._keys.get((block.function, block.address))
            if number is None or len(block.words) != self._lengths[number]:
                return None
            words[number] = block.words
        return words

    def _finish(
        self, values: list[float | None], words: list[bytes | None], doubts: Doubts
    ) -> Mapping[str, str]:
        """Turn columns into the values of a batch: coarser copies, clocks, conditions; return the texts."""
        layout = self._layout
        for position, column, point in layout.powers:
            values[position] = _scaled_by(point, values[position], values[column] if column >= 0 else None)
            power = values[position]
            if power is not None and not quantity(point.name).can_be(power):
                doubts.append((position, Quality.OUT_OF_RANGE))
        for position, coarse, number in layout.fallbacks:
            if values[position] is None and words[number] is not None:
                values[position] = values[coarse]
                doubts += [(position, quality) for column, quality in doubts if column == coarse]
        del values[layout.number_count :]
        texts: dict[str, str] = {}
        for point, number in layout.specials:
            content, start = words[number], (point.address - self.blocks[number].address) * 2
            value = (
                None if content is None else decode_special(point, content[start : start + point.words * 2])
            )
            if not point.is_text:
                values.append(value if isinstance(value, float) else None)
            elif isinstance(value, str):
                texts[point.name] = value
        for position, state, point in layout.conditions:
            if point.condition is not None and not point.condition.holds(
                values[state] if state >= 0 else None
            ):
                values[position] = None
        return texts

    def _decode_unplanned(self, sample: Sample) -> Batch:
        """Decode blocks as they came into the planned quantities."""
        came = tuple(BlockRead(block.function, block.address, block.count) for block in sample.blocks)
        ct_ratio, pt_ratio = self._ratios
        other = Decoder(
            self.profile,
            came,
            string_count=self._string_count,
            ct_ratio=ct_ratio,
            pt_ratio=pt_ratio,
            everything=self._everything,
        )
        batch = other.decode(sample)
        if not self.blocks:
            return batch
        found = {name: number for number, name in enumerate(batch.quantities)}
        values = [batch.values[found[name]] if name in found else None for name in self.quantities]
        doubts: Doubts = [
            (number, batch.qualities[found[name]])
            for number, name in enumerate(self.quantities)
            if batch.qualities is not None
            and name in found
            and batch.qualities[found[name]] is not Quality.GOOD
        ]
        return self._batch(sample, values, doubts, batch.texts)


def _scaled_by(point: Point, raw: float | None, power: float | None) -> float | None:
    """Return the value of a point that a scale factor belongs to; without the factor there is none."""
    if raw is None or power is None:
        return None
    return scaled(raw, point.scale * 10.0 ** int(power))


def _qualities(values: Sequence[float | None], doubts: Doubts) -> tuple[Quality, ...] | None:
    qualities = [Quality.GOOD] * len(values)
    doubtful = False
    for position, quality in doubts:
        if position < len(values) and values[position] is not None:
            qualities[position] = quality
            doubtful = True
    return tuple(qualities) if doubtful else None


def _bytes_exchanged(words: bytes) -> bytes:
    """Exchange the bytes of every register, which turns low-word-first values into little-endian ones."""
    exchanged = bytearray(words)
    exchanged[0::2], exchanged[1::2] = words[1::2], words[0::2]
    return bytes(exchanged)
