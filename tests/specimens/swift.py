"""Specimens of the object storage types."""

from collections.abc import Mapping

from specimens.form import (
    Request,
    Specimen,
)

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Swift::Container": Specimen(
        {"name": "specimen", "X-Container-Read": ".r:*", "X-Container-Meta": {"Colour": "red"}},
        changes={
            "X-Container-Read": Request("object-store", "POST", "/{it}", headers={"X-Container-Read": ""}),
            "X-Container-Meta": Request("object-store", "POST", "/{it}", headers={"X-Container-Meta-Colour": "blue"}),
        },
        removal=Request("object-store", "DELETE", "/{it}"),
    ),
}
