"""Calls of OpenAI's Python client against `fovea serve-api`: chat, streams, pictures, errors, retries, aborts.

    pip install openai pillow
    fovea serve-api --model checkpoints/full --max-waiting 0
    python tests/clients/openai-client.py http://127.0.0.1:8000/v1

Prints a line for each call and ends with status 1 when one is not as it should be. The server must have no key, and
`--max-waiting 0`, so that a second request while one is answered gets the 503 that clients repeat.
"""

import asyncio
import base64
import io
import sys
import threading

import openai
from PIL import Image

api = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/v1"
client = openai.OpenAI(base_url=api, api_key="none", max_retries=0)
model = client.models.list().data[0].id
cat = [{"role": "user", "content": "is there a cat ?"}]
checks = []


def check(what, ok, found=""):
    checks.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {what}{'' if ok else f': {found}'}", flush=True)


def create(using=client, **more):
    return using.chat.completions.create(**{"model": model, "messages": cat, "max_tokens": 4, **more})


def failure(kind, call, **facts):
    """Whether a call raises exactly this kind of error, with these facts."""
    try:
        return False, call()
    except openai.APIError as error:
        found = {name: getattr(error, name, None) for name in facts}
        return type(error) is kind and found == facts, (type(error).__name__, found, str(error))


def picture(format):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(file, format)
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{format.lower()};base64,{data}"}}


def about(*parts):
    return [{"role": "user", "content": [*parts, {"type": "text", "text": "is there a cat ?"}]}]


def models():
    found = client.models.retrieve(model)
    check("models.retrieve", found.id == model and found.object == "model", found)
    check("models.retrieve of another", *failure(openai.NotFoundError, lambda: client.models.retrieve("gpt-5"), status_code=404, code="model_not_found"))


def chat():
    answer = create()
    check("chat", answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 4, answer)
    check("the same seed", *(lambda a, b: (a == b, (a, b)))(*(create(temperature=1.5, seed=3).choices[0].message.content for _ in "ab")))
    check("stop", create(stop=[answer.choices[0].message.content.split()[0]]).choices[0].message.content == "")
    for format in ("PNG", "JPEG", "WEBP"):
        seen = create(messages=about(picture(format)), max_tokens=1)
        check(f"a picture as {format}", seen.usage.prompt_tokens > answer.usage.prompt_tokens, seen.usage)
    raw = client.chat.completions.with_raw_response.create(model=model, messages=cat, max_tokens=1)
    check("with_raw_response", raw.status_code == 200 and raw.parse().choices[0].message.role == "assistant", raw)


def streams():
    chunks = list(create(stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    check("a stream", text == create().choices[0].message.content, text)
    check("its usage", chunks[-1].usage.completion_tokens == 4, chunks[-1])
    with client.chat.completions.stream(model=model, messages=cat, max_tokens=4) as stream:
        said = "".join(event.delta for event in stream if event.type == "content.delta")
        check("the stream helper", said == text, said)
    with create(stream=True, max_tokens=None) as stream:
        next(iter(stream))
    check("after a stream that was left", create(client.with_options(max_retries=5)).usage.completion_tokens == 4)


def errors():
    bad = openai.BadRequestError
    check("a hot temperature", *failure(bad, lambda: create(temperature=3), status_code=400, param="temperature"))
    check("tools", *failure(bad, lambda: create(tools=[{"type": "function", "function": {"name": "f"}}]), code="unsupported_parameter"))
    check("a damaged picture", *failure(bad, lambda: create(messages=about({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}})), code="invalid_image"))
    check("a long text", *failure(bad, lambda: create(messages=[{"role": "user", "content": "cat " * 2000}]), code="context_length_exceeded"))
    check("30 MB of text", *failure(bad, lambda: create(messages=[{"role": "user", "content": "cat " * 7_500_000}]), code="string_above_max_length"))
    check("another model", *failure(openai.NotFoundError, lambda: create(model="gpt-5"), code="model_not_found"))
    nobody = client.with_options(base_url="http://127.0.0.1:9/v1")
    check("no server", *failure(openai.APIConnectionError, lambda: create(nobody)))
    hasty = client.with_options(timeout=0.001)
    check("a time limit", *failure(openai.APITimeoutError, lambda: create(hasty, max_tokens=None)))


def retries():
    patient = client.with_options(max_retries=10)
    create(patient)  # Once the one before is out of the way.
    long = create(stream=True, max_tokens=None)
    next(iter(long))
    check("no room", *failure(openai.InternalServerError, create, status_code=503, code="overloaded"))
    timer = threading.Timer(0.5, long.close)
    timer.start()
    check("no room, asked again", create(patient).usage.completion_tokens == 4)


async def aborts():
    own = openai.AsyncOpenAI(base_url=api, api_key="none", max_retries=10)
    task = asyncio.create_task(own.chat.completions.create(model=model, messages=cat))
    await asyncio.sleep(0.3)
    task.cancel()
    cancelled = (await asyncio.gather(task, return_exceptions=True))[0]
    check("a cancelled task", isinstance(cancelled, asyncio.CancelledError), cancelled)
    answer = await own.chat.completions.create(model=model, messages=cat, max_tokens=1)
    check("after it", answer.usage.completion_tokens == 1)
    stream = await own.chat.completions.create(model=model, messages=cat, max_tokens=4, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    check("an asynchronous stream", "".join(pieces) == create(client.with_options(max_retries=5)).choices[0].message.content, pieces)


for part in (models, chat, streams, errors, retries):
    part()
asyncio.run(aborts())
print(f"{sum(checks)} of {len(checks)} as they should be, openai {openai.__version__}")
sys.exit(0 if all(checks) else 1)
