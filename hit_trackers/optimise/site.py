"""A place in a network where attention is computed: what was seen of it, and how it is executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hit_trackers.attention.tiles import tiles
from hit_trackers.optimise import operators
from hit_trackers.optimise.expression import Expression, Rows
from hit_trackers.optimise.note import Note
from hit_trackers.optimise.operators import Values

#: What `optimise` can do to an attention.
OPERATORS = ("exact", "memeff", "streaming")


@dataclass(frozen=True)
class Plan:
    """How an attention of one shape is executed.

    Attributes:
        words: how, for people.
        is_swapped: whether it is executed otherwise than the network wrote it.
        left_alone: why it could not be; "" where it is, or where nothing could be gained.
        block: queries at a time, of `exact`.
        apart: largest difference from the network's own result, when it was tried.
    """

    words: str
    is_swapped: bool = True
    left_alone: str = ""
    block: int = 0
    apart: float = 0.0


@dataclass(frozen=True)
class Case:
    """An attention at the moment when it is computed, as somebody who looks at it gets it.

    Attributes:
        site: which one.
        expression, values, v: what is computed: `values(weights of the expression, v)`.
        truth: the network's own result.
    """

    site: Site
    expression: Expression
    values: Values
    v: Tensor
    truth: Tensor

    def run(self, operator: str) -> Tensor | None:
        """The result of an operator, or "as written"; None where it cannot express this one."""
        if operator == "as written":
            return operators.official(self.expression, self.values, self.v)
        if operator == "exact":
            block = operators.block_of(self.expression)
            return operators.exact(self.expression, self.values, self.v, block)
        return operators.BY_NAME[operator](self.expression, self.v)


@dataclass
class Site:
    """One attention of a network.

    Attributes:
        name: module and method that compute it, and which of their products it is.
        operator: one of `OPERATORS`.
        plans: by shape of the scores, (..., Nq, Nk); empty for a product that is no attention.
        reads: rows of its weights that somebody reads after their use; None: all of them.
        escapes: its weights leave the network; they stay readable.
        left_alone: why it is executed as the network wrote it, whatever the plan.
        widths: of a key and of a value.
        steps: what is done to the scores, in order.
        map_bytes: what its scores take once.
        calls: how often it ran since it was planned.
    """

    name: str
    operator: str
    plans: dict[tuple[int, ...], Plan] = field(default_factory=dict)
    reads: set[Rows | None] = field(default_factory=set)
    escapes: bool = False
    left_alone: str = ""
    widths: tuple[int, int] = (0, 0)
    steps: tuple[str, ...] = ()
    map_bytes: int = 0
    calls: int = 0
    #: Of what a network made of its weights, by how; most often nobody reads it.
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    #: Sees it while it is looked at.
    visit: Callable[[Case], None] | None = None
    #: While a site is looked at, all is computed as the network wrote it.
    looking: bool = True
    #: Caught, and yet computed as the network wrote it: shows that catching changes nothing.
    as_written: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the scores, where it was looked at first."""
        return next(iter(self.plans))

    @property
    def is_left_alone(self) -> bool:
        """Whether it is no attention, or runs as the network wrote it."""
        return bool(self.left_alone) or not any(plan.is_swapped for plan in self.plans.values())

    @property
    def plan(self) -> str:
        """How it is executed, in words."""
        return "as written" if self.left_alone else next(iter(self.plans.values())).words

    def note(self, expression: Expression) -> Note:
        """What a network gets in place of a product."""
        product = expression.product
        value = expression.scores() if self.looking else None
        return Note(self, expression, product.shape, product.q, value=value)

    def note_read(self, note: Note, rows: Rows | None) -> None:
        """Remember that somebody reads a note, or some rows of it."""
        if not self.looking:
            return
        if not note.used:
            self.left_alone = self.left_alone or "its map is read before it is used"
        elif rows is None:
            self.left_alone = self.left_alone or "its whole map is read"
        self.reads.add(rows)

    def attend(self, note: Note, values: Values, v: Tensor) -> Tensor:
        """The attention's result, when its weights meet their values."""
        expression = note.expression
        assert expression is not None
        note.used = True
        if self.looking:
            assert note.value is not None
            out = values(note.value, v)
            self._look(expression, values, v, out)
            return out
        self.calls += 1
        if self.left_alone or self.as_written:
            return operators.official(expression, values, v)
        note.check_intact()
        plan = self.plans.get(expression.product.shape)
        if plan is None:
            out = operators.official(expression, values, v)
            self._look(expression, values, v, out)
            return out
        if not plan.is_swapped:
            return operators.official(expression, values, v)
        rows = [rows for rows in self.reads if rows is not None]
        if self.operator == "exact":
            note.kept = {one: v.new_empty(0) for one in rows}
            out = operators.exact(expression, values, v, plan.block, note.kept)
        else:
            made = operators.BY_NAME[self.operator](expression, v)
            assert made is not None
            out = made
            note.kept = {one: operators.rows_of_weights(expression, one) for one in rows}
        if not self.escapes:
            # Gives up queries and keys, which a network may hold on to with the note.
            note.expression = None
        return out

    def _look(self, expression: Expression, values: Values, v: Tensor, truth: Tensor) -> None:
        """Plan for a shape: try on what is here, and keep what holds."""
        product = expression.product
        if not self.plans:
            self.map_bytes = operators.map_bytes(expression)
            self.widths = (int(product.q.shape[-1]), int(v.shape[-1]))
            added = ["add"] if product.added is not None else []
            self.steps = (*added, *(step.name for step in expression.steps))
        if self.visit is not None:
            self.visit(Case(self, expression, values, v, truth))
        if self.operator == "exact":
            self.plans[product.shape] = _plan_exact(expression, values, v, truth)
            return
        made = operators.BY_NAME[self.operator](expression, v)
        self.plans[product.shape] = (
            Plan("as written", is_swapped=False, left_alone=f"{self.operator} does not express it")
            if made is None
            else Plan(self.operator, apart=float((made - truth).abs().max()))
        )


def _plan_exact(expression: Expression, values: Values, v: Tensor, truth: Tensor) -> Plan:
    """Tiles where the map is large, one tile where it is small; each only if the bits are equal."""
    queries = expression.queries
    if operators.map_bytes(expression) < operators.SMALL_BYTES:
        return Plan("as written, being small", is_swapped=False)
    for block in dict.fromkeys((operators.block_of(expression), queries)):
        out = operators.exact(expression, values, v, block)
        if torch.equal(out, truth) and out.stride() == truth.stride():
            count = len(tiles(queries, block, operators.FEWEST_ROWS))
            words = f"{count} tiles of {-(-queries // count)}" if count > 1 else "in place"
            return Plan(words, block=block)
    reason = "neither tiles nor one tile give the same bits here"
    return Plan("as written", is_swapped=False, left_alone=reason)
