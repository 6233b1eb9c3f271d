"""Microvascular invasion from one arterial-phase CT: circled regions in, class scores and a confidence out."""
