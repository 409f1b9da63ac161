"""Names as people log them: which label they get, and whose price of which model they are charged at."""

from __future__ import annotations

import pytest

from llm_cost_exporter.prices import PriceBook
from llm_cost_exporter.prices.providers import provider_id

BOOK = PriceBook(
    {
        "my-deployment": "azure/gpt-4o",
        "arn:aws:bedrock:eu-west-1:1:application-inference-profile/known": "aws/amazon.nova-pro-v1:0",
    }
)
WHEN = 1_795_000_000.0  # 2026-11-18

NAMES = [
    # provider and model as logged -> the label, and the model of the catalogue (None: unpriced)
    # OpenAI
    (None, "gpt-4o", "openai", "openai/gpt-4o"),
    ("openai", "gpt-4o", "openai", "openai/gpt-4o"),
    ("OPENAI", "gpt-4o-mini-2024-07-18", "openai", "openai/gpt-4o-mini"),
    ("openai.chat", "gpt-5-mini", "openai", "openai/gpt-5-mini"),
    ("openai.responses", "gpt-5-mini-2025-08-07", "openai", "openai/gpt-5-mini"),
    ("text-completion-openai", "gpt-3.5-turbo-instruct", "openai", "openai/gpt-3.5-turbo-instruct"),
    ("openai", "GPT-4.1", "openai", "openai/gpt-4.1"),
    ("openai", "gpt-4o-2024-05-13", "openai", "openai/gpt-4o-2024-05-13"),
    ("openai", "gpt-4-0613", "openai", "openai/gpt-4"),
    ("openai", "gpt-3.5-turbo-0613", "openai", "openai/gpt-3.5-turbo-0613"),
    (None, "gpt-5.2-20251211", "openai", "openai/gpt-5.2"),
    (None, "gpt-5.6-sol-2026-07-01", "openai", "openai/gpt-5.6-sol"),
    (None, "gpt-4.1-2026-02-02", "openai", "openai/gpt-4.1"),
    (None, "o3-mini", "openai", "openai/o3-mini"),
    (None, "o1-2024-12-17", "openai", "openai/o1"),
    (None, "openai/gpt-4o", "openai", "openai/gpt-4o"),
    (None, "text-embedding-3-small", "openai", "openai/text-embedding-3-small"),
    (None, "chatgpt-4o-latest", "openai", "openai/chatgpt-4o-latest"),
    ("openai", "computer-use-preview-2025-03-11", "openai", "openai/computer-use"),
    ("openai", "gpt-4o-realtime-preview-2024-12-17", "openai", "openai/gpt-4o-realtime-preview"),
    ("openai", "omni-moderation-latest", "openai", "openai/moderation"),
    ("litellm", "openai/gpt-4o", "openai", "openai/gpt-4o"),
    (None, "litellm_proxy/openai/gpt-4o", "openai", "openai/gpt-4o"),
    # fine-tunes have a price of their own, or none
    ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", "openai", "openai/ft:gpt-4o-mini"),
    (None, "ft:gpt-4o-2024-08-06:my-org:custom:abc", "openai", "openai/ft:gpt-4o"),
    ("openai", "ft:gpt-4.1-mini-2025-04-14:my-org::abc", "openai", None),
    ("openai", "ft:gpt-4.1-2025-04-14", "openai", None),
    ("azure", "gpt-4o-mini-2024-07-18.ft-0123456789abcdef", "azure", "openai/gpt-4o-mini-2024-07-18.ft-"),
    ("azure", "gpt-4.1-mini-2025-04-14.ft-0123456789abcdef", "azure", None),
    # names of one's own are no one's model
    ("openai", "gpt-4o-my-internal", "openai", None),
    ("openai", "gpt-4o-mini-something-internal", "openai", None),
    ("openai", "gpt-4o-realtime-for-sales", "openai", None),
    ("openai", "my-moderation-bot", "openai", None),
    ("openai", "gpt-9-turbo", "openai", None),
    (None, "my-claude-bot", "anthropic", None),
    # Anthropic
    (None, "claude-sonnet-4-5-20250929", "anthropic", "anthropic/claude-sonnet-4-5"),
    ("anthropic", "claude-sonnet-4-5", "anthropic", "anthropic/claude-sonnet-4-5"),
    ("ANTHROPIC", "claude-sonnet-4.5", "anthropic", "anthropic/claude-sonnet-4-5"),
    ("anthropic.messages", "claude-4-5-sonnet", "anthropic", "anthropic/claude-sonnet-4-5"),
    ("Anthropic", "claude-3-5-sonnet-20240620", "anthropic", "anthropic/claude-3-5-sonnet"),
    (None, "claude-3-5-haiku-latest", "anthropic", "anthropic/claude-3-5-haiku-latest"),
    (None, "claude-opus-5[1m]", "anthropic", "anthropic/claude-opus-5"),
    (None, "claude-opus-4-20250514", "anthropic", "anthropic/claude-opus-4-0"),
    (None, "claude-opus-4-1-20250805", "anthropic", "anthropic/claude-opus-4-1"),
    (None, "anthropic/claude-opus-4-8", "anthropic", "anthropic/claude-opus-4-8"),
    ("anthropic", "claude-sonnet-4-5-thinking", "anthropic", "anthropic/claude-sonnet-4-5"),
    ("anthropic", "claude-2.1", "anthropic", "anthropic/claude-2"),
    ("anthropic", "claude-opus-4-6-fast", "anthropic", None),
    ("anthropic", "claude-opus-4-10", "anthropic", None),
    ("anthropic", "claude-haiku-4-55", "anthropic", None),
    ("anthropic", "<synthetic>", "anthropic", None),
    # AWS Bedrock
    ("aws", "anthropic.claude-3-haiku-20240307-v1:0", "aws", "aws/regional.anthropic.claude-3-haiku-20240307-v1:0"),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("aws_bedrock", "apac.amazon.nova-micro-v1:0", "aws", "aws/amazon.nova-micro-v1:0"),
    ("amazon-bedrock", "jp.anthropic.claude-opus-5", "aws", "aws/regional.anthropic.claude-opus-5"),
    ("bedrock_converse", "apac.anthropic.claude-opus-4-8", "aws", "aws/regional.anthropic.claude-opus-4-8-v1:0"),
    ("aws", "ca.amazon.nova-lite-v1:0", "aws", "aws/amazon.nova-lite-v1:0"),
    ("aws", "au.anthropic.claude-sonnet-4-6", "aws", "aws/regional.anthropic.claude-sonnet-4-6-v1:0"),
    ("aws", "amazon.nova-pro-v1:0:300k", "aws", "aws/amazon.nova-pro-v1:0"),
    (None, "us.anthropic.claude-3-5-haiku-20241022-v1:0", "aws", "aws/regional.anthropic.claude-3-5-haiku-20241022-v1:0"),
    ("anthropic", "us.anthropic.claude-opus-5", "aws", "aws/regional.anthropic.claude-opus-5"),
    (None, "bedrock/us-east-1/meta.llama3-70b-instruct-v1:0", "aws", "aws/meta.llama3-70b-instruct-v1:0"),
    (None, "bedrock/converse/us.anthropic.claude-opus-5", "aws", "aws/regional.anthropic.claude-opus-5"),
    (None, "bedrock/sa-east-1/meta.llama3-70b-instruct-v1:0", "aws", None),
    (None, "bedrock/us-gov-west-1/amazon.nova-pro-v1:0", "aws", None),
    ("aws", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "aws", "aws/amazon.nova-lite-v1:0"),
    (None, "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5", "aws", "aws/regional.anthropic.claude-opus-5"),
    ("aws", "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/a1b2c3d4", "aws", None),
    ("aws", "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0/abc", "aws", None),
    ("aws", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", "aws", None),
    ("aws", "arn:aws:bedrock:eu-west-1:1:application-inference-profile/known", "aws", "aws/amazon.nova-pro-v1:0"),
    # Azure: what it resells is at the vendor's price; data zones cost more and are not in the catalogue
    ("azure", "gpt-4o-2024-08-06", "azure", "openai/gpt-4o"),
    ("azure.ai.openai", "gpt-4o", "azure", "openai/gpt-4o"),
    ("az.ai.openai", "gpt-4o-mini", "azure", "openai/gpt-4o-mini"),
    ("azure.ai.inference", "gpt-4o-mini", "azure", "openai/gpt-4o-mini"),
    ("azure-openai", "gpt-35-turbo", "azure", "openai/gpt-3.5-turbo"),
    ("azure_ai", "claude-opus-5", "azure", "anthropic/claude-opus-5"),
    (None, "azure/gpt-4.1-mini", "azure", "openai/gpt-4.1-mini"),
    (None, "azure/global/gpt-4o-2024-11-20", "azure", "openai/gpt-4o"),
    (None, "azure/eu/gpt-4o-2024-11-20", "azure", None),
    (None, "azure/us/o4-mini", "azure", None),
    ("azure", "o4-mini-deep-research", "azure", "openai/o4-mini-deep-research"),
    ("azure", "my-deployment", "azure", "openai/gpt-4o"),
    (None, "My-Deployment", "azure", "openai/gpt-4o"),
    ("openai", "my-deployment", "openai", "openai/gpt-4o"),
    ("azure", "some-other-deployment", "azure", None),
    # Google
    (None, "gemini-2.5-flash", "google", "google/gemini-2.5-flash"),
    ("google", "models/gemini-2.5-flash", "google", "google/gemini-2.5-flash"),
    ("gcp.gemini", "gemini-2.0-flash-001", "google", "google/gemini-2.0-flash"),
    ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", "google", "google/gemini-2.5-pro"),
    (None, "projects/p/locations/us-central1/publishers/anthropic/models/claude-opus-4-5@20251101", "google", "google/claude-opus-4-5"),
    ("vertex_ai", "claude-opus-4-1@20250805", "google", "google/claude-4-opus"),
    ("vertex_ai-anthropic_models", "vertex_ai/claude-sonnet-4-5@20250929", "google", "google/claude-sonnet-4-5"),
    ("google.vertex.chat", "claude-3-sonnet@20240229", "google", "anthropic/claude-3-sonnet"),
    ("google.generative-ai", "gemini-2.5-pro-preview-05-06", "google", "google/gemini-2.5-pro"),
    ("google_genai", "gemini/gemini-2.5-flash-lite", "google", "google/gemini-2.5-flash-lite"),
    ("gemini", "gemini-3-pro-image-preview", "google", "google/gemini-3-pro-image-preview"),
    (None, "gemini/gemini-1.5-pro-002", "google", "google/gemini-1.5-pro"),
    ("google", "gemini-3.8-flash-cyber", "google", None),
    ("google", "gemini-1.5-flash-8b", "google", None),
    ("google", "tunedModels/my-tune-123", "google", None),
    ("google", "projects/p/locations/l/endpoints/123", "google", None),
    # hosts of others' models
    ("groq", "openai/gpt-oss-120b", "groq", "groq/openai/gpt-oss-120b"),
    ("groq", "llama-3.3-70b-versatile", "groq", "groq/llama-3.3-70b-versatile"),
    (None, "groq/llama-3.1-8b-instant", "groq", "groq/llama-3.1-8b-instant"),
    ("openrouter", "anthropic/claude-4.5-sonnet-20250929", "openrouter", "openrouter/anthropic/claude-sonnet-4.5"),
    ("openrouter", "openai/gpt-4o-mini", "openrouter", "openrouter/openai/gpt-4o-mini"),
    (None, "openrouter/anthropic/claude-sonnet-4.5", "openrouter", "openrouter/anthropic/claude-sonnet-4.5"),
    ("openrouter", "gpt-4o-realtime-preview", "openrouter", None),
    ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "together", "together/meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("fireworks_ai", "accounts/fireworks/models/glm-4p7", "fireworks", "fireworks/glm-4p7"),
    ("fireworks_ai", "glm-4p7", "fireworks", "fireworks/glm-4p7"),
    (None, "accounts/fireworks/models/glm-4p7", "fireworks", "fireworks/glm-4p7"),
    (None, "@cf/meta/llama-3.2-3b-instruct", "cloudflare", "cloudflare/@cf/meta/llama-3.2-3b-instruct"),
    ("cerebras", "cerebras/gpt-oss-120b", "cerebras", "cerebras/gpt-oss-120b"),
    ("huggingface/together", "deepseek-ai/DeepSeek-R1", "huggingface_together", "huggingface_together/deepseek-ai/DeepSeek-R1"),
    ("github_copilot", "gpt-4.1", "github-copilot", "github-copilot/gpt-4.1"),
    ("openai", "anthropic/claude-sonnet-4.5", "openai", None),
    ("groq", "gpt-4o", "groq", None),
    # other vendors
    ("x_ai", "grok-4-0709", "x-ai", "x-ai/grok-4-0709"),
    ("xai", "grok-4", "x-ai", "x-ai/grok-4-0709"),
    ("xai.chat", "grok-4-fast-reasoning", "x-ai", "x-ai/grok-4-fast-reasoning"),
    (None, "xai/grok-3-mini", "x-ai", "x-ai/grok-3-mini"),
    ("mistral_ai", "mistral-large-latest", "mistral", "mistral/mistral-large"),
    (None, "mistral/codestral-latest", "mistral", "mistral/codestral"),
    (None, "magistral-medium-2506", "mistral", "mistral/magistral-medium"),
    ("deepseek", "deepseek-chat", "deepseek", "deepseek/deepseek-chat"),
    ("deepseek", "deepseek-r1-distill-llama-70b", "deepseek", None),
    (None, "deepseek/deepseek-reasoner", "deepseek", "deepseek/deepseek-reasoner"),
    ("perplexity", "sonar-pro", "perplexity", "perplexity/sonar-pro"),
    (None, "sonar", "perplexity", "perplexity/sonar"),
    ("cohere_chat", "command-r-plus-08-2024", "cohere", "cohere/command-r-plus"),
    ("moonshot", "kimi-k2.5", "moonshotai", "moonshotai/kimi-k2.5"),
    ("voyage", "voyage-3.5", "voyageai", "voyageai/voyage-3.5"),
    # what is not known
    (None, None, "unknown", None),
    ("", "", "unknown", None),
    ("openai", None, "openai", None),
    (None, "my-own-llm", "unknown", None),
    ("unknown", "gpt-4o", "openai", "openai/gpt-4o"),
    ("vllm", "gpt-4o", "vllm", None),
    ("openai-compatible", "gpt-oss-20b", "openai-compatible", None),
    ("hosted_vllm", "openai/gpt-oss-20b", "hosted_vllm", None),
    ("DeepInfra", "meta-llama/Llama-3.3-70B-Instruct", "DeepInfra", None),
    ("default/tars/route/aigw-run/rule/0/ref/0", "gpt-4o-mini", "default/tars/route/aigw-run/rule/0/ref/0", None),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "model", "label", "charged_as"), NAMES)
def test_a_name_is_charged_as_the_model_that_it_names(
    provider: str | None, model: str | None, label: str, charged_as: str | None
) -> None:
    """A name as logged must find its own model in its own provider's list, or no price at all."""
    assert BOOK.names(provider, model)[0] == label
    rates = BOOK.rates(*BOOK.names(provider, model), WHEN, 0)
    assert (rates and rates.source.partition(": ")[2]) == charged_as


def test_the_model_label_is_the_name_as_logged() -> None:
    """Normalising is for the lookup only: the label must be what the log says."""
    for model in (
        "claude-opus-5[1m]",
        "openai/gpt-4o",
        "GPT-4o",
        "us.anthropic.claude-opus-5",
        "models/gemini-2.5-flash",
    ):
        assert BOOK.names(None, model)[1] == model


def test_labels_are_clean_and_short() -> None:
    """A name with control characters, or of any length, must give a label without them of at most 128 characters."""
    provider, model = BOOK.names("a\x00b\nc" * 100, "gpt\x1b[31m\n-4o" + "x" * 1000)
    assert len(provider) <= 128
    assert len(model) <= 128
    assert provider.isprintable()
    assert model.isprintable()
    assert BOOK.names("\x00", " \n\t")[1] == "unknown"


@pytest.mark.parametrize("name", sorted(BOOK.catalogue.ids))
def test_every_provider_of_the_catalogue_is_known_by_its_id(name: str) -> None:
    """An id of the catalogue must mean itself, in any case."""
    assert provider_id(name, BOOK.catalogue.ids) == name
    assert provider_id(name.upper(), BOOK.catalogue.ids) == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai-eu-2", "openai"),
        ("prod-azure-openai", "azure"),
        ("my bedrock (anthropic)", "aws"),
        ("vertex/anthropic", "google"),
        ("openrouter/anthropic", "openrouter"),
        ("openai,anthropic", None),
        ("openai-like", None),
        ("litellm-openai-proxy", None),
        ("amazon-sagemaker", None),
        ("huggingface", None),
        ("acme", None),
    ],
)
def test_other_spellings_are_known_by_their_words(name: str, meant: str | None) -> None:
    """A spelling that no table has must mean a provider only where its words leave no doubt."""
    assert provider_id(name, BOOK.catalogue.ids) == meant
