"""Every public name has documentation with an example that is true."""

import doctest
import inspect
import re
from pathlib import Path

import image_ingest
import pytest
from image_ingest import Ingest

NAMES = [name for name in image_ingest.__all__ if name not in ("CANONICAL_VERSION", "__version__")]


@pytest.mark.parametrize("name", ["image_ingest", *NAMES])
def test_examples_hold(name: str, picture: bytes) -> None:
    item = image_ingest if name == "image_ingest" else getattr(image_ingest, name)
    members = vars(item) if inspect.isclass(item) else {}
    texts = {name: item.__doc__}
    texts |= {f"{name}.{key}": member.__doc__ for key, member in members.items() if not key.startswith("_")}
    globals_ = {**vars(image_ingest), "picture": picture}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for place, text in texts.items():
        documented = inspect.isroutine(members.get(place.rpartition(".")[2])) or "." not in place
        assert text or not documented, f"{place} has no documentation"
        test = parser.get_doctest(text or "", dict(globals_), place, None, None)
        assert test.examples or not documented, f"{place} has no example"
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_the_readme_s_example_runs(picture: bytes) -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    stored: dict[str, bytes] = {}
    for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL):
        exec(code, {"data": picture, "store": stored.__setitem__})
    assert stored == {f"{Ingest().ingest(picture).id}.jpg": Ingest().ingest(picture).bytes}


def test_stubs_have_the_signatures_of_the_classes() -> None:
    for name in ("ingest", "ingest_if_changed", "inspect", "batch"):
        assert inspect.signature(getattr(Ingest, name)).parameters
    assert str(inspect.signature(Ingest)).startswith("(max_edge=2048, *, cover=None, encoding='jpeg'")
