"""generate and edit: paths alone on standard output, words for people on standard error, and honest exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from fakes.backends import AnyJson, capability, fake, make, png
from fakes.commands import CommandLine
from mediasmith import cli
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.plugin.contract import Call, Model, Output, Params, Price, Result, Takes
from mediasmith.plugin.errors import ProviderError, Refused
from mediasmith.plugin.params import Seed

# What is made


def test_generate_prints_only_the_path_to_standard_output(command: CommandLine, tmp_path: Path) -> None:
    ran = command("generate", "a lighthouse")
    [path] = ran.out
    assert ran.code == ExitCode.DONE
    assert Path(path).is_absolute()
    assert Path(path).parent == tmp_path / "out"
    assert Path(path).read_bytes() == png()
    made = command("jobs", "--json").json["jobs"][0]
    assert ran.err == [
        "Made by fake fake-1.",
        "Cost: unknown.",
        f'Change it with: mediasmith edit {made["continuation_id"]} "what to change"',
    ]


def test_an_edit_is_suggested_only_if_the_file_can_be_edited(command: CommandLine) -> None:
    command.install(fake())
    ran = command("generate", "a lighthouse")
    assert "Made by fake fake-1." in ran.err
    assert not any("mediasmith edit" in line for line in ran.err)


def test_each_of_several_files_has_a_line_with_its_path_and_one_with_its_id(command: CommandLine) -> None:
    ran = command("generate", "a lighthouse", "-n", "3")
    assert len(ran.out) == 3
    assert all(Path(path).is_file() for path in ran.out)
    files = command("jobs", "--json").json["jobs"][0]["files"]
    assert [line.split() for line in ran.err[-3:]] == [[file["id"], Path(file["path"]).name] for file in files]


def test_json_prints_the_whole_answer_and_nothing_else(command: CommandLine) -> None:
    answer = command("generate", "a lighthouse", "--json").json
    assert answer["status"] == "done"
    assert answer["backend"] == "fake"
    assert Path(answer["files"][0]["path"]).is_file()


def test_edit_continues_from_an_id(command: CommandLine) -> None:
    asked: list[Call[None, Any]] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call)
        return Result(outputs=(Output(body=png(), mime="image/png", state=AnyJson({"step": len(asked)})),))

    command.install(fake(start=start))
    first = command("generate", "a lighthouse", "--json").json["continuation_id"]
    assert command("edit", first, "in winter", "--json").json["parent"] == first
    assert (asked[1].prompt, asked[1].state) == ("in winter", AnyJson({"step": 1}))


def test_the_same_command_again_makes_another_file(command: CommandLine) -> None:
    first, second = (command("generate", "a lighthouse") for _ in range(2))
    assert first.out != second.out
    assert "warning" not in second.stderr


def test_warnings_go_to_standard_error(command: CommandLine) -> None:
    async def start(call: Call[None, Any]) -> Result:
        call.warn("The sky came out grey.")
        return await make(call)

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse")
    assert len(ran.out) == 1
    assert "warning: The sky came out grey." in ran.err


def test_a_dry_run_makes_nothing_and_prints_nothing_to_standard_output(command: CommandLine, tmp_path: Path) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise AssertionError

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse", "--dry-run")
    assert (ran.code, ran.out) == (ExitCode.DONE, [])
    assert "Nothing was sent. It would be made by fake fake-1." in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are Unicode there")
def test_a_path_is_printed_as_its_bytes_on_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    CommandLine(tmp_path, monkeypatch, cast("Any", capsysbinary))
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    monkeypatch.setenv("MEDIASMITH_OUTPUT_DIR", os.fsdecode(folder))
    assert cli.main(["generate", "a lighthouse"]) == ExitCode.DONE
    path = capsysbinary.readouterr().out.rstrip(b"\n")
    assert path.startswith(folder)
    assert Path(os.fsdecode(path)).read_bytes() == png()


# What is asked for


class Words(Params):
    """One of every type."""

    size: str | None = None
    aspect_ratio: str | None = None
    duration: float | None = None
    seed: Seed | None = None
    generate_audio: bool | None = None
    voices: tuple[str, ...] | None = None
    weights: dict[str, float] | None = None
    mood: str | None = None
    steps: int | None = None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--size", "512"], {"size": "512"}),
        (["--aspect-ratio", "16:9"], {"aspect_ratio": "16:9"}),
        (["--seed", "7"], {"seed": 7}),
        (["--seed=7", "--seed=8"], {"seed": 8}),
        (["--duration", "2.5"], {"duration": 2.5}),
        (["--duration", "4"], {"duration": 4}),
        (["--generate-audio"], {"generate_audio": True}),
        (["--no-generate-audio"], {"generate_audio": False}),
        (["--voices", "Ann=nova"], {"voices": ("Ann=nova",)}),
        (["--voices", "Ann=no,va", "--voices", "Bob=echo"], {"voices": ("Ann=no,va", "Bob=echo")}),
        (["--option", "mood=calm = serene"], {"mood": "calm = serene"}),
        (["--option", "steps=3", "--option", "mood=calm"], {"steps": 3, "mood": "calm"}),
        (["--option", 'weights={"blue": 0.5}'], {"weights": {"blue": 0.5}}),
    ],
)
def test_options_are_converted_to_the_types_of_the_arguments(
    command: CommandLine, words: Sequence[str], expected: Mapping[str, object]
) -> None:
    asked: list[Params] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call.params)
        return await make(call)

    command.install(fake(params=Words, start=start))
    ran = command("generate", "a lighthouse", *words)
    assert ran.code == ExitCode.DONE, ran.stderr
    assert asked[0].model_dump(exclude_none=True) == expected


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--seed", "lucky"], 'seed must be a whole number from 0 to 4294967295, not "lucky".'),
        (["--seed", "1.5"], "seed must be a whole number from 0 to 4294967295, not 1.5."),
        (["--duration", "nan"], "duration must be a number"),
        (["--size", "huge"], "size"),
        (["--kind", "symphony"], 'kind is "symphony"; accepted: image.'),
        (["--option", "moods=calm"], "moods"),
        (["-n", "99"], "n is 99; accepted: a whole number from 1 to 10."),
    ],
)
def test_an_invalid_value_is_explained_by_the_engine(command: CommandLine, words: Sequence[str], text: str) -> None:
    command.install(fake(params=Words, refuses=lambda ask: "size is huge" if ask.params.size == "huge" else ""))
    ran = command("generate", "a lighthouse", *words)
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert text in ran.stderr


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--seeds", "--seed"),
        ("--width", "--size"),
        ("--n", "-n"),
        ("--options", "--option"),
        ("--mood", "--option mood=VALUE"),
        ("--seconds", "--duration"),
        ("--step", "--option steps=VALUE"),
    ],
)
def test_what_an_unknown_option_means_is_suggested(command: CommandLine, option: str, meant: str) -> None:
    command.install(fake(params=Words))
    ran = command("generate", "a lighthouse", option, "1")
    assert ran.err[-1] == (
        f"Error: No such option '{option}'. Did you mean {meant}? To use it as the prompt, put -- before it."
    )


def test_every_argument_of_the_tools_is_an_option(command: CommandLine) -> None:
    speech = capability("speech", kind="speech", params=Words, takes={"audio": Takes()})
    command.install(fake(capabilities=(capability(params=Words, takes={"image": Takes(), "mask": Takes()}), speech)))
    shared = (
        *("backend", "model", "image", "mask", "audio", "size", "aspect-ratio", "duration", "seed", "generate-audio"),
        *("voices", "draft", "option", "output", "max-cost-usd", "dry-run", "json", "open"),
    )
    for name, own in (("generate", ["prompts", "kind"]), ("edit", [])):
        text = "\n".join(command(name, "--help").out)
        assert [word for word in (*own, *shared) if f" --{word}" not in text] == []
        assert "  -n NUMBER" in text
        assert "wait" not in text


def test_help_names_commands_instead_of_tools(command: CommandLine) -> None:
    command.install(fake(params=Words), fake("other", capabilities=(capability("speech", kind="speech"),)))
    for name in ("generate", "edit"):
        text = " ".join(" ".join(command(name, "--help").out).split())
        assert "How many, 1-10. Default 1." in text
        assert "--generate-audio / --no-generate-audio Video with sound." in text
        assert "See mediasmith backends NAME. Can be repeated." in text
        assert "list_backends" not in text
    assert "One of image, speech." in " ".join(command("generate", "--help").out)


def test_the_options_that_choose_a_backend_model_and_folder_are_followed(command: CommandLine, tmp_path: Path) -> None:
    ran = command("generate", "--backend", "fake", "--model", "fake-1", "--draft", "--output", f"{tmp_path}/a/", "fox")
    assert ran.code == ExitCode.DONE, ran.stderr
    assert Path(ran.out[0]).parent == tmp_path / "a"


def test_max_cost_usd_is_respected(command: CommandLine) -> None:
    price = Price(usd=0.04, per="image", as_of=date(2026, 1, 1), source="")
    command.install(fake(models=(Model(id="fake-1", prices=(price,)),)))
    assert command("generate", "a fox", "--max-cost-usd", "0.05").code == ExitCode.DONE
    ran = command("generate", "a fox", "--max-cost-usd", "0.01")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "above max_cost_usd of 0.01 USD" in ran.stderr


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
def test_a_dash_reads_the_prompt_from_standard_input(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    asked: list[str] = []

    async def record(call: Call[None, Any]) -> Result:
        asked.append(call.prompt)
        return await make(call)

    command.install(fake(start=record))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(start + "ein Käfer,\nblau\n".encode())))
    assert command("generate", "-").code == ExitCode.DONE
    assert asked == ["ein Käfer,\nblau"]


def test_a_prompt_that_is_not_text_is_a_usage_error(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\xff")))
    ran = command("generate", "-")
    assert (ran.code, ran.out) == (ExitCode.USAGE, [])
    assert "not UTF-8 text" in ran.stderr


# What goes wrong


def test_a_failure_says_what_was_billed_and_prints_no_path(command: CommandLine) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise Refused("The provider declined the prompt.", "Say it differently.", billed="no")

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "The provider declined the prompt. Nothing was billed. Say it differently." in ran.stderr


def test_a_failure_that_may_have_been_billed_says_so(command: CommandLine) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise ProviderError("The provider fell over.")

    price = Price(usd=0.04, per="image", as_of=date(2026, 1, 1), source="")
    command.install(fake(start=start, models=(Model(id="fake-1", prices=(price,)),)))
    ran = command("generate", "a lighthouse", "--json")
    assert ran.code == ExitCode.FAILED
    assert (ran.json["status"], ran.json["billed"]) == ("unknown", "unknown")
    assert "It may have been billed" in ran.json["error"]
    assert "It may have been billed" in ran.stderr
    assert "Cost: 0.04 USD (estimated)." in ran.err


def test_a_failure_before_there_is_a_job_is_printed_as_json(command: CommandLine) -> None:
    command.install(fake(keys=("FAKE_API_KEY",)))
    ran = command("generate", "a lighthouse", "--backend", "fake", "--json")
    assert ran.code == ExitCode.FAILED
    assert (ran.json["status"], ran.json["billed"]) == ("failed", "no")
    assert "Set FAKE_API_KEY" in ran.json["hint"]
    assert ran.json["hint"] in ran.json["error"]
    assert "FAKE_API_KEY" in ran.stderr


def test_a_partial_result_is_printed_and_the_rest_is_explained(command: CommandLine) -> None:
    calls: list[int] = []

    async def start(call: Call[None, Any]) -> Result:
        calls.append(1)
        if len(calls) > 1:
            raise Refused("The provider declined the prompt.", billed="no")
        return await make(call)

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse", "-n", "2")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "partial: The provider declined the prompt. Change the prompt or the input files." in ran.err


def test_the_failed_prompts_of_a_batch_are_named(command: CommandLine) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No wolves.", billed="no")
        return await make(call)

    command.install(fake(start=start))
    ran = command("generate", "--prompts", "a fox, red", "--prompts", "a wolf")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "failed: a wolf: No wolves. Nothing was billed. Change the prompt or the input files." in ran.err


def test_errors_name_commands_instead_of_tools(command: CommandLine) -> None:
    ran = command("edit", "nothing", "bluer")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "There is no continuation 'nothing'" in ran.stderr
    assert "`mediasmith jobs` without an id" in ran.stderr
    assert not any(tool in ran.stderr for tool in ("get_job", "continue_edit", "list_backends", "generate_media"))


def test_control_characters_are_not_written_to_a_terminal(command: CommandLine) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise Refused("No.", billed="no")

    command.install(fake(start=start))
    ran = command("generate", "--prompts", "a \x1b[31mfox\x07", "--prompts", "a wolf")
    assert "\x1b" not in ran.stderr
    assert "\x07" not in ran.stderr
    assert "failed: a [31mfox: No. Nothing was billed. Change the prompt or the input files." in ran.err


# A prompt that begins with a dash


@pytest.mark.parametrize(
    "args",
    [
        ["-5 degrees, ice on the pier"],
        ["-5"],
        ["- first item\n- second item"],
        ["-no people, please"],
        ["--- a title ---"],
        ["-n", "1", "--", "--plain"],
    ],
)
def test_a_prompt_may_begin_with_a_dash(command: CommandLine, args: list[str]) -> None:
    asked: list[str] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call.prompt)
        return await make(call)

    command.install(fake(start=start))
    prompt = next(one for one in reversed(args) if one.startswith("-") and one not in {"-n", "--"})
    ran = command("generate", *args)
    assert (ran.code, asked) == (ExitCode.DONE, [prompt]), ran.stderr


def test_what_follows_an_option_is_its_value_whatever_it_begins_with(command: CommandLine) -> None:
    ran = command("generate", "a fox", "--seed", "-1 x")
    assert 'seed must be a whole number from 0 to 4294967295, not "-1 x".' in ran.stderr


def test_an_option_that_is_not_known_is_still_refused_and_the_way_out_is_told(command: CommandLine) -> None:
    for word in ("--sed=7", "-x", "--sed"):
        ran = command("generate", word)
        assert ran.code == ExitCode.USAGE
        assert "To use it as the prompt, put -- before it." in ran.stderr
    assert "--seed" in command("generate", "--sed=7").stderr


# The newest file


def test_edit_last_continues_from_the_newest_job_that_made_a_file(command: CommandLine) -> None:
    command.install(fake(takes={"image": Takes()}, edits="image"))
    assert "None of the recent jobs made a file." in command("edit", "last", "in winter").stderr
    command("generate", "a fox")
    newest = command("generate", "a wolf", "--json").json["continuation_id"]
    assert command("edit", "last", "in winter", "--json").json["parent"] == newest
    two = command("generate", "an owl", "-n", "2", "--json").json["files"]
    ran = command("edit", "last", "in winter")
    assert ran.code == ExitCode.FAILED
    assert all(file["id"] in ran.stderr for file in two)
