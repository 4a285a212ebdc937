"""A method written down: the calls of PyTorch that it makes, its attentions among them.

Catching costs Python for every function that is called, and a tracker of small networks notices. So
one call of a planned method is recorded, and later ones run what was written down, as long as
nothing has changed that the method may have looked at: the forms of what it is given, and the plain
attributes of its module and of those below. A method that looks at values, keeps something from
call to call, or does what cannot be written down is caught in every call instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

from hit_trackers.optimise.catching import Catching, Take
from hit_trackers.optimise.expression import MATMULS, Expression, Product, Step, product_of
from hit_trackers.optimise.networks import are_the_same, autocast_is_on, held_by
from hit_trackers.optimise.note import Note, Place

_PLAIN = (type(None), bool, int, float, str)
_CONSTANTS: tuple[type, ...] = (
    *(*_PLAIN, slice, type(...)),
    *(torch.Size, torch.dtype, torch.device, torch.layout, torch.memory_format),
)
#: Attributes of every module, and those of them that decide what is computed.
_OF_PYTORCH = frozenset(vars(nn.Module()))
_LOOKED_AT = frozenset(("training", "_modules", "_forward_hooks", "_forward_pre_hooks"))
_T = torch.Tensor
#: What is asked about a tensor without reading it, beside its properties.
_ABOUT = frozenset(
    (
        *(_T.size, _T.stride, _T.dim, _T.ndimension, _T.numel, _T.__len__, _T.is_contiguous),
        *(_T.is_floating_point, _T.is_complex, _T.element_size, _T.get_device),
        *(torch.is_floating_point, torch.is_complex, torch.numel),
    )
)
#: An attribute: of which mapping, under which key, and what it was.
_Attribute = tuple[Mapping[str, Any], str, Any]


class _NotWritable(Exception):
    """A method does what cannot be written down."""


@dataclass(frozen=True)
class Script:
    """What was written down of a method.

    Attributes:
        module: whose method it is; a copy of the module has weights of its own.
        run: called with all its arguments in order, gives what the method would.
        names: of the last arguments, which were given by name.
        forms: of all arguments.
        plain: attributes that the method may have looked at, and what they were.
        tensors: those that it used and that are neither parameters nor buffers, by their forms.
    """

    module: nn.Module
    run: Callable[..., Any]
    names: tuple[str, ...]
    forms: tuple[Any, ...]
    plain: tuple[_Attribute, ...]
    tensors: tuple[_Attribute, ...]

    def fits(
        self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> bool:
        """Whether a call is like the recorded one."""
        return (
            getattr(method, "__self__", None) is self.module
            and tuple(kwargs) == self.names
            and _forms((*args, *kwargs.values())) == self.forms
            and all(where.get(key) == value for where, key, value in self.plain)
            and all(_forms((where.get(key),)) == value for where, key, value in self.tensors)
        )


def _forms(values: Sequence[Any]) -> tuple[Any, ...]:
    """Of tensors all but their numbers, and which of them are the same one; of others the value."""
    ids = [id(one) for one in values]
    return tuple(
        (ids.index(id(one)), type(one), one.shape, one.stride(), one.dtype, one.device)
        if isinstance(one, Tensor)
        else one
        for one in values
    )


class Recording(Catching):
    """Catches as usual, and writes down what else is called.

    Args:
        take: as of `Catching`.
        network: holds the tensors that a method may use beside its arguments.
        module: whose method is recorded.
    """

    def __init__(self, take: Take, network: nn.Module, module: nn.Module) -> None:
        super().__init__(take)
        self._module = module
        self._lines: list[tuple[str, str, list[str]]] = []  # name, call, names that it uses
        self._space: dict[str, Any] = {"note_of": _note_of}
        self._names: dict[int, str] = {}
        self._used: list[str] = []
        self._alive: list[Any] = []  # else another object could get the same id
        self._products: dict[int, tuple[Any, Any]] = {}
        self._held = _tensors_of(network)
        self._tensors: list[_Attribute] = []
        self._stopped = ""

    def stop(self, reason: str) -> None:
        """Give up: what is recorded could not be run again."""
        self._stopped = self._stopped or reason

    def record(
        self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Script | str]:
        """Call a method: what it returns, and what was written down, or why that cannot be."""
        given = (*args, *kwargs.values())
        forms, before = _forms(given), held_by(self._module)
        for number, one in enumerate(given):
            if isinstance(one, Tensor):
                self._name(one, f"a{number}")
            elif not isinstance(one, _PLAIN):
                self.stop(f"an argument is a {type(one).__name__}")
        with self:
            out = method(*args, **kwargs)
        if not are_the_same(before, held_by(self._module)):
            self.stop("it keeps something from call to call")
        try:
            plain = tuple(_attributes_of(self._module))
            run = self._finished([f"a{number}" for number in range(len(given))], out)
        except _NotWritable as reason:
            return out, str(reason)
        return out, Script(self._module, run, tuple(kwargs), forms, plain, tuple(self._tensors))

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        leaves = tree_flatten((args, kwargs))[0]
        waiting = [
            (one, one.expression) for one in leaves if isinstance(one, Note) and not one.used
        ]
        out = super().__torch_function__(func, types, args, kwargs)
        if func is F.multi_head_attention_forward or self._stopped:
            return out  # its own calls were written down
        try:
            self._write(func, args, kwargs, waiting, out)
        except _NotWritable as reason:
            self.stop(str(reason))
        return out

    def _write(
        self,
        func: Any,
        args: Any,
        kwargs: Mapping[str, Any],
        waiting: list[tuple[Note, Expression | None]],
        out: Any,
    ) -> None:
        if autocast_is_on():
            raise _NotWritable("autocast")
        if isinstance(out, Note) and not out.used:
            assert out.expression is not None
            product = out.expression.product
            self._products.setdefault(id(product), (func, args))
            self._alive += [out, product]
            return
        if not isinstance(out, Tensor) and (func in _ABOUT or _is_property(func)):
            return
        for note, expression in waiting:
            if not note.used or expression is None:
                raise _NotWritable("scores are computed")
            self._write_note(note, expression)
        if waiting and func in MATMULS and waiting[0][0] is args[0]:
            call = f"{self._text(args[0])}.times({self._constant(func)}, {self._text(args[1])})"
        else:
            words = [self._text(one) for one in args]
            words += [f"{name}={self._text(one)}" for name, one in kwargs.items()]
            call = f"{self._constant(func)}({', '.join(words)})"
        self._add(call, out)

    def _write_note(self, note: Note, expression: Expression) -> None:
        func, args = self._products[id(expression.product)]
        words = [self._constant(note.site), self._constant(func), self._text(tuple(args))]
        words += [f"({step.name!r}, {self._text(step.operands)})" for step in expression.steps]
        self._add(f"note_of({', '.join(words)})", note)

    def _add(self, call: str, out: Any) -> None:
        name = f"v{len(self._lines)}"
        self._lines.append((name, call, self._used))
        self._used = []
        if isinstance(out, Tensor):
            self._name(out, name)
        elif isinstance(out, (tuple, list)) and all(isinstance(one, Tensor) for one in out):
            for number, one in enumerate(out):
                self._name(one, f"{name}[{number}]")
        elif out is not None:
            raise _NotWritable("it looks at values")

    def _name(self, tensor: Tensor, name: str) -> None:
        self._names[id(tensor)] = name
        self._alive.append(tensor)

    def _text(self, value: Any) -> str:
        """A value as it stands in a line."""
        if isinstance(value, Tensor):
            name = self._names.get(id(value)) or self._text_of_held(value)
            self._used.append(name.partition("[")[0])
            return name
        if type(value) in (tuple, list):
            words = "".join(f"{self._text(one)}, " for one in value)
            return f"({words})" if isinstance(value, tuple) else f"[{words}]"
        if isinstance(value, _CONSTANTS):
            return self._constant(value)
        raise _NotWritable(f"a {type(value).__name__} among the arguments of a call")

    def _text_of_held(self, tensor: Tensor) -> str:
        if id(tensor) not in self._held:
            raise _NotWritable("a tensor from elsewhere")
        where, key, is_attribute = self._held[id(tensor)]
        if is_attribute:
            self._tensors.append((where, key, _forms((tensor,))))
        return f"{self._constant(where)}[{key!r}]"

    def _constant(self, value: Any) -> str:
        name = f"k{len(self._space)}"
        self._space[name] = value
        return name

    def _finished(self, arguments: list[str], out: Any) -> Callable[..., Any]:
        """The lines as a function; what no line below uses is let go at once."""
        body = [f"return {self._text(out)}"]
        if self._stopped:
            raise _NotWritable(self._stopped)
        needed = set(self._used)
        for name, call, uses in reversed(self._lines):
            ended = sorted({one for one in (name, *uses) if one[0] == "v"} - needed)
            body += [f"del {', '.join(ended)}"] if ended else []
            body.append(f"{name} = {call}")
            needed.update(uses)
        text = "".join(f"    {line}\n" for line in reversed(body))
        source = f"def run({', '.join(arguments)}):\n{text}"
        exec(compile(source, f"<{type(self._module).__name__}>", "exec"), self._space)
        run: Callable[..., Any] = self._space["run"]
        return run


def _note_of(site: Place, func: Any, args: Any, *steps: tuple[str, tuple[Any, ...]]) -> Note:
    """The weights of an attention, which are yet to meet their values."""
    product = product_of(func, args, {})
    assert isinstance(product, Product)
    expression = Expression(product, tuple(Step(*step) for step in steps))
    return Note(site, expression, product.shape, product.q, soft=True)


def _is_property(func: Any) -> bool:
    return getattr(func, "__name__", "") == "__get__"


def _tensors_of(network: nn.Module) -> dict[int, tuple[Mapping[str, Any], str, bool]]:
    """Where each tensor is that modules hold, and whether it is a mere attribute."""
    found: dict[int, tuple[Mapping[str, Any], str, bool]] = {}
    for module in network.modules():
        for where in (module._parameters, module._buffers, vars(module)):
            for key, value in where.items():
                if isinstance(value, Tensor):
                    found.setdefault(id(value), (where, key, where is vars(module)))
    return found


def _attributes_of(module: nn.Module) -> Iterator[_Attribute]:
    """All that a method may look at, as copies, for the originals may be written on."""
    for part in module.modules():
        yield from _plain_in(vars(part), (vars(part).keys() - _OF_PYTORCH) | _LOOKED_AT)


def _plain_in(
    where: Mapping[str, Any], keys: Iterable[str], depth: int = 3
) -> Iterator[_Attribute]:
    for key in keys:
        if isinstance(where[key], Tensor):
            continue
        objects: list[Any] = []
        yield where, key, _copied(where[key], objects)
        if objects and not depth:
            raise _NotWritable("its attributes are nested too deeply")
        for one in objects:
            yield from _plain_in(vars(one), vars(one), depth - 1)


def _is_constant(value: Any) -> bool:
    return isinstance(value, (*_CONSTANTS, type, nn.Module)) or inspect.isroutine(value)


def _copied(value: Any, objects: list[Any]) -> Any:
    """A value that later ones are equal to as long as nothing changed.

    Args:
        value: of an attribute.
        objects: gets what stays the same object, and whose own attributes may change.
    """
    if _is_constant(value):
        return value
    if type(value) in (tuple, list):
        return type(value)(_copied(one, objects) for one in value)
    if isinstance(value, Mapping):
        return {key: _copied(one, objects) for key, one in value.items()}
    if isinstance(value, Tensor) or not hasattr(value, "__dict__"):
        raise _NotWritable(f"it has a {type(value).__name__}")
    objects.append(value)
    return value
