import subprocess
import sys

from spml.review.exports import FORMATS


def test_a_format_is_a_record_under_its_own_name():
    assert list(FORMATS) == [export.name for export in FORMATS.values()]
    assert all(callable(export.function) and export.description for export in FORMATS.values())


def test_the_names_of_the_formats_load_no_library():
    program = (
        "import sys; from spml.review.exports import FORMATS; "
        "print(*{'numpy', 'pandas', 'pyarrow', 'PIL', 'torch', 'h5py'} & set(sys.modules))"
    )
    folder = next(path for path in sys.path if path.endswith("workflow_scripts"))
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
