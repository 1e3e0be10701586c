"""Registering, changing and removing webhooks; who calls them is `banking.outbox.webhooks`."""

from collections.abc import Iterable

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from accounts.models import User
from banking.errors import FieldsInvalid, TooManyWebhooks, WebhookDisabled, WebhookExists, WebhookNotFound
from banking.webhooks.addresses import Target, addresses_of, target_read
from banking.webhooks.records import ACTIVE, DISABLED, EVENTS, MOST_OF_OWNER, TEST, Document, Webhook, webhooks
from banking.webhooks.signing import secret_make, secret_seal
from ledger.audit import SUCCESS, Origin, audit_record
from ledger.records import now

# How long a person who registers an address waits for its name to be looked up.
LOOK_UP_SECONDS = 5.0


def webhook_register(*, user: User, url: object, wanted: Iterable[str], origin: Origin) -> tuple[Webhook, str]:
    """Register an address and return it with its secret, which is shown this once.

    Args:
        user: whose accounts it is told about.
        url: https; http only within WEBHOOK_ALLOWED_NETWORKS.
        wanted: kinds of events, of `banking.webhooks.records.EVENTS`.
        origin: who asks, and from where.

    Raises:
        FieldsInvalid: no kind of event, or one that there is not.
        WebhookAddressRefused: the bank does not call there.
        WebhookExists: the person has it already.
        TooManyWebhooks: the person has MOST_OF_OWNER already.
    """
    kinds = _kinds(wanted)
    target = target_read(url)
    addresses_of(target, seconds=LOOK_UP_SECONDS)
    secret = secret_make()
    webhook = _insert(user.pk, target, kinds, secret)
    _write_down("webhook.registered", webhook.id, origin, host=target.host)
    return webhook, secret


def _kinds(wanted: Iterable[str]) -> list[str]:
    chosen = set(wanted)
    if not chosen or not chosen <= set(EVENTS):
        raise FieldsInvalid({"events": ["Choose at least one kind of event."]})
    return [name for name in EVENTS if name in chosen]


def _insert(owner: ObjectId, target: Target, kinds: list[str], secret: str) -> Webhook:
    document = {
        "_id": ObjectId(),
        "owner": owner,
        "url": target.url,
        "secret": secret_seal(secret),
        "events": kinds,
        "state": ACTIVE,
        "reason": "",
        "created_at": now(),
    }
    # Others may take the same slot meanwhile, which the unique index notices; then the next one is tried.
    for _ in range(MOST_OF_OWNER):
        document["slot"] = Int64(_free_slot(owner, target.url))
        try:
            webhooks().insert_one(document)
            return Webhook.of(document)
        except DuplicateKeyError:
            continue
    raise TooManyWebhooks


def _free_slot(owner: ObjectId, url: str) -> int:
    # The newest there is: what the index has refused must be seen, on a majority of the nodes or not.
    newest = webhooks().with_options(read_concern=ReadConcern("local"))
    mine = list(newest.find({"owner": owner}, {"slot": 1, "url": 1}))
    if any(one["url"] == url for one in mine):
        raise WebhookExists
    free = set(range(1, MOST_OF_OWNER + 1)) - {one["slot"] for one in mine}
    if not free:
        raise TooManyWebhooks
    return min(free)


def webhook_secret_renew(*, webhook: Webhook, origin: Origin) -> str:
    """Give a webhook a new secret, which is shown this once; the old one is void from this moment on.

    Args:
        webhook: fetched for its owner.
        origin: who asks, and from where.

    Raises:
        WebhookNotFound: it was removed meanwhile.
    """
    secret = secret_make()
    _change(webhook, {"secret": secret_seal(secret)})
    _write_down("webhook.secret_renewed", webhook.id, origin)
    return secret


def webhook_enable(*, webhook: Webhook, origin: Origin) -> None:
    """Have a disabled webhook called again, from the next event on; arguments and errors as above."""
    _change(webhook, {"state": ACTIVE, "reason": ""})
    _write_down("webhook.enabled", webhook.id, origin)


def webhook_disable(*, webhook_id: ObjectId, reason: str) -> None:
    """Call a webhook no more.

    Args:
        webhook_id: one that may have been removed meanwhile, which is as well.
        reason: a sentence for its owner.
    """
    webhooks().update_one({"_id": webhook_id, "state": ACTIVE}, {"$set": {"state": DISABLED, "reason": reason}})


def webhook_test(*, webhook: Webhook, origin: Origin) -> None:
    """Have a webhook called for nothing but to see whether it works, on the way that every other event takes.

    Arguments as above.

    Raises:
        WebhookDisabled: it is not called at all.
    """
    if not webhook.is_active:
        raise WebhookDisabled
    _write_down("webhook.tested", webhook.id, origin, event=TEST)


def webhook_remove(*, webhook: Webhook, origin: Origin) -> None:
    """Forget a webhook; what was still to be delivered to it is dropped. Arguments and errors as above."""
    if not webhooks().delete_one({"_id": webhook.id, "owner": webhook.owner}).deleted_count:
        raise WebhookNotFound
    _write_down("webhook.removed", webhook.id, origin)


def _change(webhook: Webhook, values: Document) -> None:
    if not webhooks().update_one({"_id": webhook.id, "owner": webhook.owner}, {"$set": values}).matched_count:
        raise WebhookNotFound


def _write_down(
    action: str, webhook: ObjectId, origin: Origin, *, host: str | None = None, event: str | None = None
) -> None:
    """Keep who did it; never the whole address, whose path may hold a secret of the receiver."""
    details = {} if host is None else {"host": host}
    audit_record(action=action, status=SUCCESS, origin=origin, subject=webhook, event=event, details=details)
