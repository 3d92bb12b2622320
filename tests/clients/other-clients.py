"""What OpenAI's client, LiteLLM and LangChain send beside plain chats, against `fovea serve-api`.

    pip install openai litellm langchain-openai pillow
    fovea serve-api --model checkpoints/full
    python tests/clients/other-clients.py http://127.0.0.1:8000/v1

Prints a line for each call and ends with status 1 when one is not as it should be. The server must have no key.
"""

import base64
import io
import sys

import litellm
import openai
from langchain_openai import ChatOpenAI
from PIL import Image

api = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/v1"
client = openai.OpenAI(base_url=api, api_key="none", max_retries=0)
model = client.models.list().data[0].id
checks = []


def check(what, ok, found=""):
    checks.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {what}{'' if ok else f': {found}'}", flush=True)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


url = picture()
question = "is there a cat ?"
chat = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, "detail": "low"}}, {"type": "text", "text": question}]}]
parts = [{"role": "user", "content": [{"type": "input_image", "image_url": url, "detail": "auto"}, {"type": "input_text", "text": question}]}]
plain = client.chat.completions.create(model=model, messages=chat).choices[0].message.content


def openai_client():
    extra = {"top_k": 5, "min_p": 0.0, "repetition_penalty": 1.0, "chat_template_kwargs": {"enable_thinking": False}}
    found = client.chat.completions.create(model=model, messages=chat, n=2, logprobs=True, top_logprobs=2, extra_body=extra)
    check("n", [choice.message.content for choice in found.choices] == [plain] * 2, found)
    top = found.choices[0].logprobs.content[0].top_logprobs
    check("top_logprobs", len(top) == 2 and top[0].logprob >= top[1].logprob, top)
    found = client.chat.completions.create(model=model, messages=chat, extra_body={"fovea": {"lens": ["cat"], "attention": "image"}})
    maps = found.model_extra["fovea"]
    values = maps["lens"]["concepts"][0]["layers"][0]["values"]
    check("maps", len(values) == 64 and "attention" in maps, maps)
    found = client.responses.create(model=model, input=parts, include=["message.output_text.logprobs"], top_logprobs=2)
    check("responses", found.output_text == plain and found.output[0].content[0].logprobs != [], found)
    with client.responses.stream(model=model, input=parts) as stream:
        for _ in stream:
            pass
        check("responses.stream", stream.get_final_response().output_text == plain)
    found = client.completions.create(model=model, prompt="is there a", max_tokens=3, logprobs=2)
    check("completions", len(found.choices[0].logprobs.tokens) == 3, found)
    pieces = client.completions.create(model=model, prompt="is there a", max_tokens=3, stream=True)
    text = "".join(piece.choices[0].text for piece in pieces if piece.choices)
    check("completions, stream", text == found.choices[0].text, text)


def lite_llm():
    facts = {"api_base": api, "api_key": "none"}
    found = litellm.completion(model=f"openai/{model}", messages=chat, logprobs=True, top_logprobs=2, **facts)
    check("litellm", found.choices[0].message.content == plain, found)
    found = litellm.completion(model=f"hosted_vllm/{model}", messages=chat, top_k=5, min_p=0.0, n=2, **facts)
    check("litellm as vLLM", len(found.choices) == 2, found)
    found = litellm.responses(model=f"openai/{model}", input="is there a cat ?", max_output_tokens=4, **facts)
    check("litellm, responses", found.output[0].content[0].text != "", found)
    found = litellm.text_completion(model=f"text-completion-openai/{model}", prompt="is there a", max_tokens=3, **facts)
    check("litellm, completions", found.choices[0].text != "", found)
    pieces = litellm.completion(model=f"openai/{model}", messages=chat, stream=True, **facts)
    check("litellm, stream", "".join(piece.choices[0].delta.content or "" for piece in pieces) == plain)


def lang_chain():
    facts = {"base_url": api, "api_key": "none", "model": model, "max_retries": 0}
    check("langchain", ChatOpenAI(**facts).invoke(chat).content == plain)
    found = ChatOpenAI(**facts, logprobs=True, top_logprobs=2, n=2, seed=3).invoke(chat)
    check("langchain, logprobs", found.response_metadata["logprobs"]["content"] != [], found)
    found = ChatOpenAI(**facts, use_responses_api=True).invoke([{"role": "user", "content": question}], max_output_tokens=4)
    check("langchain, responses", found.content != [], found)


openai_client()
lite_llm()
lang_chain()
print(f"{sum(checks)} of {len(checks)} as they should be")
sys.exit(0 if all(checks) else 1)
