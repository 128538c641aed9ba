"""Peta Jakarta, today PetaBencana.id: flood reports of citizens, flood areas of the emergency agency, flood gauges."""

from connectors.peta_jakarta.connector import PetaJakarta

CONNECTOR = PetaJakarta
