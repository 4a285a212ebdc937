"""Every way in which a submission goes wrong is named, with file and line."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submission_samples import FRAMES, make_boxes

from hit_trackers.errors import SubmissionError
from toolkit_adapters.cli import main
from toolkit_adapters.servers import Expected, check_zip, detect_kind
from toolkit_adapters.servers.archive import MAX_FILE_BYTES, build_archive

Files = dict[str, bytes]
FIRST = {name: make_boxes(frames, seed)[0] for seed, (name, frames) in enumerate(FRAMES.items())}
TRACKINGNET = Expected("trackingnet", FRAMES, FIRST)
GOT10K = Expected("got10k", FRAMES, FIRST)


def text(boxes: np.ndarray, separator: str = ",") -> bytes:
    return "".join(separator.join(f"{v:.3f}" for v in box) + "\n" for box in boxes).encode()


def trackingnet_files() -> Files:
    return {f"{n}.txt": text(make_boxes(f, seed)) for seed, (n, f) in enumerate(FRAMES.items())}


def got10k_files() -> Files:
    files: Files = {}
    for seed, (name, frames) in enumerate(FRAMES.items()):
        files[f"{name}/{name}_001.txt"] = text(make_boxes(frames, seed))
        files[f"{name}/{name}_time.txt"] = b"0.01000000\n" * frames
    return files


def problems_of(files: Files, expected: Expected) -> list[str]:
    found = check_zip(Path("s.zip"), expected, build_archive(files))
    return [str(problem) for problem in found]


def test_good_zips_pass():
    assert problems_of(trackingnet_files(), TRACKINGNET) == []
    assert problems_of(got10k_files(), GOT10K) == []


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old, new, 1)


def line(number: int, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        lines = content.splitlines()
        lines[number - 1] = new
        return b"\n".join(lines) + b"\n"

    return change


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (lambda c: c.replace(b",", b" "), ":1:", "spaces"),
        (lambda c: c.replace(b",", b"\t"), ":1:", "spaces, tabs"),
        (lambda c: c[: c.rindex(b"\n", 0, -1) + 1], ":5:", "4 lines for 5 frames"),
        (lambda c: c + b"1,2,3,4\n", ":6:", "6 lines for 5 frames"),
        (lambda c: b"x,y,w,h\n" + c, ":1:", "not a number"),
        (line(3, b"nan,2,3,4"), ":3:", "not a finite number"),
        (line(3, b"1e999,2,3,4"), ":3:", "too large"),
        (line(4, b"1,2,0,4"), ":4:", "must be positive"),
        (line(4, b"1,2,3"), ":4:", "3 fields"),
        (line(2, b"1,2,3,4,5"), ":2:", "5 fields"),
        (line(2, b""), ":2:", "empty line"),
        (line(1, b"7,7,7,7"), ":1:", "given first box"),
        (lambda c: b"\xef\xbb\xbf" + c, ":1:", "BOM"),
        (lambda c: b"", ":1:", "0 lines"),
    ],
)
@pytest.mark.parametrize(
    ("make", "expected", "name"),
    [
        (trackingnet_files, TRACKINGNET, "aa_0.txt"),
        (got10k_files, GOT10K, "aa_0/aa_0_001.txt"),
    ],
)
def test_a_bad_file_is_named_with_its_line(make, expected, name, change, place, reason):
    files = make()
    files[name] = change(files[name])
    found = problems_of(files, expected)
    assert any(
        problem.startswith(f"s.zip:{name}{place}") and reason in problem for problem in found
    )


def test_windows_line_ends_and_missing_final_newline_pass():
    files = trackingnet_files()
    files["aa_0.txt"] = files["aa_0.txt"].replace(b"\n", b"\r\n")
    files["-bb_1.txt"] = files["-bb_1.txt"].rstrip()
    assert problems_of(files, TRACKINGNET) == []


def test_missing_file():
    files = trackingnet_files()
    del files["-bb_1.txt"]
    assert problems_of(files, TRACKINGNET) == [
        "s.zip: -bb_1.txt is missing; the server scores a missing sequence as zero boxes"
    ]


def test_missing_time_file():
    files = got10k_files()
    del files["aa_0/aa_0_time.txt"]
    (problem,) = problems_of(files, GOT10K)
    assert "aa_0/aa_0_time.txt is missing" in problem


def test_nested_trackingnet_files():
    files = {f"results/{name}": content for name, content in trackingnet_files().items()}
    found = problems_of(files, TRACKINGNET)
    assert len(found) == 2
    assert all("expected" in p and "at the root" in p for p in found)


def test_a_sequence_twice_counts_as_missing():
    files = trackingnet_files()
    files["copy/aa_0.txt"] = files["aa_0.txt"]
    assert any("takes neither" in problem for problem in problems_of(files, TRACKINGNET))


@pytest.mark.parametrize("name", ["readme.txt", "__MACOSX/._aa_0.txt", ".DS_Store"])
def test_extra_files(name):
    assert any(name in p for p in problems_of({**trackingnet_files(), name: b""}, TRACKINGNET))
    assert any(name in p for p in problems_of({**got10k_files(), name: b""}, GOT10K))


def test_got10k_folders_one_level_down():
    files = {f"hit/{name}": content for name, content in got10k_files().items()}
    assert any("one folder too deep" in problem for problem in problems_of(files, GOT10K))


def test_got10k_repetitions_and_times_must_match():
    files = got10k_files()
    files["aa_0/aa_0_003.txt"] = files["aa_0/aa_0_001.txt"]
    assert any("repetitions [1, 3]" in problem for problem in problems_of(files, GOT10K))
    files = got10k_files()
    files["aa_0/aa_0_time.txt"] = b"0.01\n" * 4
    assert any("aa_0_time.txt:5: 4 lines" in problem for problem in problems_of(files, GOT10K))
    files["aa_0/aa_0_time.txt"] = b"-0.01\n" * 5
    assert any("cannot be negative" in problem for problem in problems_of(files, GOT10K))
    files["aa_0/aa_0_time.txt"] = b"0.0\n" * 5
    assert any("no time is positive" in problem for problem in problems_of(files, GOT10K))


def raw_zip(write: Callable[[zipfile.ZipFile], None]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in trackingnet_files().items():
            archive.writestr(name, content)
        write(archive)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil.txt", "C:evil.txt", "a/../evil.txt"])
def test_paths_out_of_the_zip_are_refused(name, tmp_path):
    content = raw_zip(lambda archive: archive.writestr(name, b"x"))
    found = check_zip(Path("s.zip"), TRACKINGNET, content)
    assert [p for p in found if "path out of the zip" in p.reason]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_members_are_refused():
    content = raw_zip(lambda archive: archive.writestr("aa_0.txt", b"1,2,3,4\n"))
    assert any("twice" in p.reason for p in check_zip(Path("s.zip"), TRACKINGNET, content))


def test_symbolic_links_are_refused():
    def link(archive: zipfile.ZipFile) -> None:
        member = zipfile.ZipInfo("link.txt")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")

    found = check_zip(Path("s.zip"), TRACKINGNET, raw_zip(link))
    assert any("symbolic link" in p.reason for p in found)


def test_a_bomb_is_not_unpacked():
    content = raw_zip(lambda a: a.writestr("bomb.txt", b"0" * (MAX_FILE_BYTES + 1)))
    assert len(content) < 20_000
    assert any("not unpacked" in p.reason for p in check_zip(Path("s.zip"), TRACKINGNET, content))
    many = raw_zip(
        lambda a: [a.writestr(f"{i}", b"0" * MAX_FILE_BYTES) for i in range(65)] and None
    )
    with pytest.raises(SubmissionError, match="Nothing was unpacked"):
        check_zip(Path("s.zip"), TRACKINGNET, many)


def test_a_lying_header_does_not_get_past_the_limit():
    """A member that states a small size but holds more is damaged, not unpacked whole."""
    stated, real = 5, MAX_FILE_BYTES + 1
    content = raw_zip(lambda archive: archive.writestr("liar.txt", b"0" * real))
    forged = content.replace(struct.pack("<L", real), struct.pack("<L", stated))
    found = check_zip(Path("s.zip"), TRACKINGNET, forged)
    assert any("liar.txt" in p.where and "damaged" in p.reason for p in found)


def test_damaged_member():
    content = bytearray(build_archive(trackingnet_files()))
    position = content.index(make_text := trackingnet_files()["aa_0.txt"][:20])
    content[position : position + len(make_text)] = b"9" * len(make_text)
    found = check_zip(Path("s.zip"), TRACKINGNET, bytes(content))
    assert any(".txt" in p.where and "damaged" in p.reason for p in found)


def test_no_zip(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.zip")]) == 1
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "text.zip").write_text("1,2,3,4")
    assert main(["check", str(tmp_path / "text.zip")]) == 1
    assert "cannot be read as a zip" in capsys.readouterr().err


def test_kind_is_told_by_the_look(tmp_path):
    for files, kind in ((trackingnet_files(), "trackingnet"), (got10k_files(), "got10k")):
        path = tmp_path / f"{kind}.zip"
        path.write_bytes(build_archive(files))
        assert detect_kind(path) == kind
    (tmp_path / "empty.zip").write_bytes(build_archive({}))
    with pytest.raises(SubmissionError, match=r"no \.txt file"):
        detect_kind(tmp_path / "empty.zip")


def test_check_command_on_a_list_of_names(tmp_path, capsys):
    path, names = tmp_path / "s.zip", tmp_path / "names.txt"
    path.write_bytes(build_archive(trackingnet_files()))
    names.write_text("\n".join(FRAMES))
    assert main(["check", str(path), "--names", str(names)]) == 0
    assert "numbers of frames were not checked" in capsys.readouterr().out
    names.write_text("\n".join([*FRAMES, "cc_2"]))
    assert main(["check", str(path), "--names", str(names)]) == 1
    assert "cc_2.txt is missing" in capsys.readouterr().out
    assert main(["check", str(path)]) == 1
    assert "511 files are missing" in capsys.readouterr().out


def test_real_submissions_pass(shared, tmp_path, capsys):
    """The official dummy submission and a published GOT-10k one, against their own names."""
    published = shared / "published"
    dummy = published / "trackingnet" / "dummy_subm.zip"
    nano = published / "got10k_val" / "NanoTrackV3.zip"
    names = tmp_path / "names.txt"
    with zipfile.ZipFile(dummy) as archive:
        names.write_text("\n".join(name.removesuffix(".txt") for name in archive.namelist()))
    assert main(["check", str(dummy), "--names", str(names)]) == 0
    names.write_text("\n".join(f"GOT-10k_Val_{number:06d}" for number in range(1, 181)))
    assert main(["check", str(nano), "--names", str(names)]) == 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_get_past_our_own_errors(data):
    """Whatever is done to a zip: problems or a SubmissionError, never another exception."""
    content = bytearray(build_archive(trackingnet_files()))
    end = len(content) - 1
    for _ in range(data.draw(st.integers(1, 8))):
        # Mostly in the directory at the zip's end, where it matters.
        place = data.draw(st.one_of(st.integers(0, end), st.integers(end - 200, end)))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        problems = check_zip(Path("s.zip"), TRACKINGNET, bytes(content[:cut]))
    except SubmissionError:
        return
    assert all(str(problem) for problem in problems)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_text_gets_past_our_own_errors(line):
    files = {**trackingnet_files(), "aa_0.txt": line}
    assert problems_of(files, TRACKINGNET)
