"""ENGINES: what runs a trained student. Torch is the reference; ONNX Runtime writes the same texts sooner."""

from generation.pipeline.registry import Entry

ENGINES: dict[str, Entry] = {
    "torch": Entry("PyTorch, the reference", "generation.pipeline.student.engines:torch_engine"),
    "onnx": Entry("ONNX Runtime, exact", "generation.pipeline.student.engines:onnx_engine"),
    "onnx-int8": Entry(
        "ONNX Runtime in 8 bits, nearly the same texts", "generation.pipeline.student.engines:int8_engine"
    ),
}
