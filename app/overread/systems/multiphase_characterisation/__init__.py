"""HCC, ICC or metastasis from five MR series: regions are found, classified, and the sureness of the call said."""
