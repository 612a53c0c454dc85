"""Take-over of stacks from a Heat: its database is read, never written, and what stands there becomes Hearth's rows.

    source ──► records ──► translation ──► writing        one tree of stacks at a time, one transaction each
    Heat's      plain        pure, but for    Hearth's
    tables      values       parsing          store

No cloud resource is asked, made or changed. `taking` drives it, `hearth takeover` is its door.
"""
