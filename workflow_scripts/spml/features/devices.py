"""The device and the precision of computations."""

import torch

from spml.runtime.errors import InputError


def choose_device(wanted: str) -> str:
    """Return ``cpu`` or ``cuda``; ``auto`` is CUDA where there is a GPU."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("machine.device: found cuda, but this machine has no CUDA device; wanted auto or cpu")
    return wanted


def choose_precision(wanted: str, device: str) -> str:
    """Return ``float32`` or ``bfloat16``; ``auto`` is bfloat16 where the processor has instructions that are faster.

    The choice follows what the processor reports, never a timing: results would depend on chance. AVX-512 with bfloat16 is
    twice as fast as float32 on AMD's processors, and slower on Intel's, which have AMX for it (docs/performance.md).
    """
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    capabilities = torch.cpu.get_capabilities()
    by_vectors = capabilities.get("avx512_bf16") and "Intel" not in str(capabilities.get("cpu_name"))
    return "bfloat16" if capabilities.get("amx_bf16") or by_vectors else "float32"
