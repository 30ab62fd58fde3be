#!/usr/bin/env python3
"""An independent decoder of Nasdaq TotalView-ITCH 5.0 and IEX DEEP 1.0, as a reference for the one in C#.

Written from the public specifications alone (Nasdaq TotalView-ITCH 5.0; MoldUDP64 1.00; IEX Transport Protocol 1.25; IEX DEEP 1.08; the pcap and
pcapng drafts of the IETF's opsawg; RFC 768, 791 and 8200; IEEE 802.1Q), with nothing but Python's standard library. FIELDS.md beside this fixes the form
of the output, so that two decoders can be compared by the hash of what they say.

    decode.py itch-raw  FILE             messages with 2-byte big-endian lengths
    decode.py itch-pcap FILE             pcap or pcapng, plain or gzip: MoldUDP64
    decode.py deep-pcap FILE             the same: IEX-TP
    decode.py ... FILE --sha256          the hash and the number of lines instead of the lines
"""
import hashlib
import struct
import sys
import zlib


class Torn(Exception):
    """The file ends inside a record."""


# ---------------------------------------------------------------------------------------------------------------------
# Messages. A field is "name type": uN and iN integers of N bytes, t6 a time of six bytes, aN text of N bytes.

ITCH_COMMON = "stockLocate u2, trackingNumber u2, timestamp t6"

ITCH = {
    "S": "eventCode a1",
    "R": "stock a8, marketCategory a1, financialStatusIndicator a1, roundLotSize u4, roundLotsOnly a1, issueClassification a1, issueSubType a2, "
         "authenticity a1, shortSaleThresholdIndicator a1, ipoFlag a1, luldReferencePriceTier a1, etpFlag a1, etpLeverageFactor u4, inverseIndicator a1",
    "H": "stock a8, tradingState a1, reserved a1, reason a4",
    "Y": "stock a8, regShoAction a1",
    "L": "mpid a4, stock a8, primaryMarketMaker a1, marketMakerMode a1, marketParticipantState a1",
    "V": "level1 u8, level2 u8, level3 u8",
    "W": "breachedLevel a1",
    "K": "stock a8, ipoQuotationReleaseTime u4, ipoQuotationReleaseQualifier a1, ipoPrice u4",
    "J": "stock a8, auctionCollarReferencePrice u4, upperAuctionCollarPrice u4, lowerAuctionCollarPrice u4, auctionCollarExtension u4",
    "h": "stock a8, marketCode a1, operationalHaltAction a1",
    "A": "orderReferenceNumber u8, buySellIndicator a1, shares u4, stock a8, price u4",
    "F": "orderReferenceNumber u8, buySellIndicator a1, shares u4, stock a8, price u4, attribution a4",
    "E": "orderReferenceNumber u8, executedShares u4, matchNumber u8",
    "C": "orderReferenceNumber u8, executedShares u4, matchNumber u8, printable a1, executionPrice u4",
    "X": "orderReferenceNumber u8, canceledShares u4",
    "D": "orderReferenceNumber u8",
    "U": "originalOrderReferenceNumber u8, newOrderReferenceNumber u8, shares u4, price u4",
    "P": "orderReferenceNumber u8, buySellIndicator a1, shares u4, stock a8, price u4, matchNumber u8",
    "Q": "shares u8, stock a8, crossPrice u4, matchNumber u8, crossType a1",
    "B": "matchNumber u8",
    "I": "pairedShares u8, imbalanceShares u8, imbalanceDirection a1, stock a8, farPrice u4, nearPrice u4, currentReferencePrice u4, crossType a1, "
         "priceVariationIndicator a1",
    "N": "stock a8, interestFlag a1",
    "O": "stock a8, openEligibilityStatus a1, minimumAllowablePrice u4, maximumAllowablePrice u4, nearExecutionPrice u4, nearExecutionTime u8, "
         "lowerPriceRangeCollar u4, upperPriceRangeCollar u4",
}

DEEP_LEVEL = "eventFlags u1, timestamp i8, symbol a8, size u4, price i8"
DEEP_TRADE = "saleConditionFlags u1, timestamp i8, symbol a8, size u4, price i8, tradeId i8"

DEEP = {
    "S": "systemEvent a1, timestamp i8",
    "D": "flags u1, timestamp i8, symbol a8, roundLotSize u4, adjustedPocPrice i8, luldTier u1",
    "H": "tradingStatus a1, timestamp i8, symbol a8, reason a4",
    "I": "retailLiquidityIndicator a1, timestamp i8, symbol a8",
    "O": "operationalHaltStatus a1, timestamp i8, symbol a8",
    "P": "shortSalePriceTestStatus u1, timestamp i8, symbol a8, detail a1",
    "E": "securityEvent a1, timestamp i8, symbol a8",
    "8": DEEP_LEVEL,
    "5": DEEP_LEVEL,
    "T": DEEP_TRADE,
    "X": "priceType a1, timestamp i8, symbol a8, officialPrice i8",
    "B": DEEP_TRADE,
    "A": "auctionType a1, timestamp i8, symbol a8, pairedShares u4, referencePrice i8, indicativeClearingPrice i8, imbalanceShares u4, imbalanceSide a1, "
         "extensionNumber u1, scheduledAuctionTime u4, auctionBookClearingPrice i8, collarReferencePrice i8, lowerAuctionCollar i8, upperAuctionCollar i8",
}

# The lengths that the specifications print, type byte included: a slip in the tables above would show here.
ITCH_LENGTHS = {"S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21, "A": 36, "F": 40, "E": 31, "C": 36, "X": 23,
                "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20, "O": 48}
DEEP_LENGTHS = {"S": 10, "D": 31, "H": 22, "I": 18, "O": 18, "P": 19, "E": 18, "8": 30, "5": 30, "T": 38, "X": 26, "B": 38, "A": 80}

FORMATS = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q", "t6": "HI"}

text_seen = {}


def text(raw):
    """Text as FIELDS.md wants it: no trailing blanks, everything that is not plain ASCII escaped."""
    known = text_seen.get(raw)
    if known is None:
        known = "".join(chr(b) if 0x20 <= b <= 0x7E and b not in (0x7C, 0x5C) else "\\x%02x" % b for b in raw.rstrip(b" "))
        text_seen[raw] = known
    return known


class Layout:
    """One message type, its fields laid out without gaps behind the type byte."""

    def __init__(self, type_name, fields, byte_order):
        names, codes, self.texts, self.time = [], [], [], None
        for number, field in enumerate(fields.split(", ")):
            name, kind = field.split(" ")
            names.append(name)
            if kind[0] == "a":
                codes.append(kind[1:] + "s")
                self.texts.append(number)
            else:
                codes.append(FORMATS[kind])
                if kind == "t6":
                    self.time = number
        self.struct = struct.Struct(byte_order + "x" + "".join(codes))
        self.template = type_name + "".join("|%s=%%s" % name for name in names)

    def line(self, data, offset):
        values = list(self.struct.unpack_from(data, offset))
        if self.time is not None:
            # Six bytes, taken as two high and four low.
            high = values.pop(self.time)
            values[self.time] += high << 32
        for number in self.texts:
            values[number] = text(values[number])
        return self.template % tuple(values)


def layouts(table, lengths, common, byte_order):
    made = [None] * 256
    for type_name, fields in table.items():
        layout = Layout(type_name, ", ".join(filter(None, (common, fields))), byte_order)
        assert layout.struct.size == lengths[type_name], type_name
        made[ord(type_name)] = layout
    assert table.keys() == lengths.keys()
    return made


ITCH_LAYOUTS = layouts(ITCH, ITCH_LENGTHS, ITCH_COMMON, ">")
DEEP_LAYOUTS = layouts(DEEP, DEEP_LENGTHS, "", "<")


def message_line(data, offset, length, known):
    if length == 0:
        return "empty"
    type_byte = data[offset]
    layout = known[type_byte]
    if layout is None:
        return "unknown|type=%d|length=%d" % (type_byte, length)
    if length < layout.struct.size:
        return "short|type=%d|length=%d" % (type_byte, length)
    return layout.line(data, offset)


# ---------------------------------------------------------------------------------------------------------------------
# Framing of messages in packets.

MOLD = struct.Struct(">10sQH")
IEXTP = struct.Struct("<BxHIIHHqqq")
BIG_LENGTH = struct.Struct(">H")
LITTLE_LENGTH = struct.Struct("<H")
MOLD_END_OF_SESSION = 0xFFFF


def counted_messages(payload, offset, count, length_prefix, known, put):
    for _ in range(count):
        left = len(payload) - offset
        if left < 2:
            put("truncated|left=%d" % left)
            return
        (length,) = length_prefix.unpack_from(payload, offset)
        if length > left - 2:
            put("truncated|left=%d" % left)
            return
        put(message_line(payload, offset + 2, length, known))
        offset += 2 + length


def mold_packet(payload, put):
    if len(payload) < MOLD.size:
        return False
    session, sequence, count = MOLD.unpack_from(payload)
    put("mold|session=%s|sequence=%d|count=%d" % (text(session), sequence, count))
    if count != MOLD_END_OF_SESSION:
        counted_messages(payload, MOLD.size, count, BIG_LENGTH, ITCH_LAYOUTS, put)
    return True


def iextp_packet(payload, put):
    if len(payload) < IEXTP.size:
        return False
    header = IEXTP.unpack_from(payload)
    put("iextp|version=%d|protocol=%d|channel=%d|session=%d|length=%d|count=%d|offset=%d|sequence=%d|sendTime=%d" % header)
    counted_messages(payload, IEXTP.size, header[5], LITTLE_LENGTH, DEEP_LAYOUTS, put)
    return True


# ---------------------------------------------------------------------------------------------------------------------
# From a captured frame to a UDP payload.

LINK_ETHERNET, LINK_RAW_IP, LINK_COOKED = 1, 101, 113
ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN = 0x0800, 0x86DD, (0x8100, 0x88A8)
VLAN_TAGS_MAX = 2
PROTOCOL_UDP = 17


def network_layer(link, frame):
    """The EtherType and where the network header starts, or None."""
    if link == LINK_RAW_IP:
        if not frame:
            return None
        return {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(frame[0] >> 4, 0), 0
    at = {LINK_ETHERNET: 12, LINK_COOKED: 14}.get(link)
    if at is None or len(frame) < at + 2:
        return None
    (ethertype,) = BIG_LENGTH.unpack_from(frame, at)
    at += 2
    tags = 0
    while link == LINK_ETHERNET and ethertype in ETHERTYPE_VLAN:
        tags += 1
        if tags > VLAN_TAGS_MAX or len(frame) < at + 4:
            return None
        (ethertype,) = BIG_LENGTH.unpack_from(frame, at + 2)
        at += 4
    return ethertype, at


def udp_payload(link, frame):
    found = network_layer(link, frame)
    if found is None:
        return None
    ethertype, at = found
    left = len(frame) - at
    if ethertype == ETHERTYPE_IPV4:
        if left < 20 or frame[at] >> 4 != 4 or frame[at + 9] != PROTOCOL_UDP:
            return None
        header = (frame[at] & 15) * 4
        fragment_offset = BIG_LENGTH.unpack_from(frame, at + 6)[0] & 0x1FFF
        if header < 20 or fragment_offset != 0:
            return None
    elif ethertype == ETHERTYPE_IPV6:
        if left < 40 or frame[at] >> 4 != 6 or frame[at + 6] != PROTOCOL_UDP:
            return None
        header = 40
    else:
        return None
    if left < header + 8:
        return None
    at += header
    (udp_length,) = BIG_LENGTH.unpack_from(frame, at + 4)
    if udp_length < 8:
        return None
    return frame[at + 8:at + udp_length]


# ---------------------------------------------------------------------------------------------------------------------
# Capture files.

def capture_records(data):
    """Yields (link type, captured bytes) in file order; raises Torn where the file ends inside a record."""
    if data[:4] == b"\n\r\r\n":
        return pcapng_records(data)
    return pcap_records(data)


def pcap_records(data):
    magics = {b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">", b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<"}
    order = magics.get(data[:4])
    if order is None:
        raise SystemExit("neither pcap nor pcapng")
    if len(data) < 24:
        raise Torn
    # The upper half of the link-type word holds flags about frame check sequences.
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    record = struct.Struct(order + "8xI4x")
    at = 24
    while at < len(data):
        if len(data) - at < record.size:
            raise Torn
        (captured,) = record.unpack_from(data, at)
        at += record.size
        if len(data) - at < captured:
            raise Torn
        yield link, data[at:at + captured]
        at += captured


def pcapng_records(data):
    section, interface, simple, obsolete, enhanced = 0x0A0D0D0A, 1, 3, 2, 6
    order, links, at = "<", [], 0
    while at < len(data):
        if len(data) - at < 12:
            raise Torn
        if struct.unpack_from("<I", data, at)[0] == section:
            # The byte-order magic stands behind type and length, and says how to read the length.
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or len(data) - at < length:
            raise Torn
        if kind == interface:
            links.append(struct.unpack_from(order + "H2xI", data, at + 8))
        elif kind == enhanced:
            number, captured = struct.unpack_from(order + "I8xI", data, at + 8)
            yield links[number][0], data[at + 28:at + 28 + captured]
        elif kind == obsolete:
            number, captured = struct.unpack_from(order + "H10xI", data, at + 8)
            yield links[number][0], data[at + 28:at + 28 + captured]
        elif kind == simple:
            (original,) = struct.unpack_from(order + "I", data, at + 8)
            link, snapshot_length = links[0]
            captured = min(original, snapshot_length or original, length - 16)
            yield link, data[at + 12:at + 12 + captured]
        at += (length + 3) & ~3


def file_bytes(path):
    """The file, unpacked if it is gzip. What a broken gzip file still gives is given; its end is then the capture's end."""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[:2] != b"\x1f\x8b":
        return raw
    out = []
    try:
        while raw:
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            out.append(member.decompress(raw))
            raw = member.unused_data
            if raw[:2] != b"\x1f\x8b":
                break
    except zlib.error:
        pass
    return b"".join(out)


def decode_capture(data, packet, put):
    for link, frame in capture_records(data):
        payload = udp_payload(link, frame)
        if payload is None or not packet(payload, put):
            put("foreign|length=%d" % len(frame))


def decode_raw_itch(data, put):
    at = 0
    while at < len(data):
        if len(data) - at < 2:
            raise Torn
        (length,) = BIG_LENGTH.unpack_from(data, at)
        at += 2
        if len(data) - at < length:
            raise Torn
        put(message_line(data, at, length, ITCH_LAYOUTS))
        at += length


MODES = {
    "itch-raw": decode_raw_itch,
    "itch-pcap": lambda data, put: decode_capture(data, mold_packet, put),
    "deep-pcap": lambda data, put: decode_capture(data, iextp_packet, put),
}


def main(arguments):
    hash_only = "--sha256" in arguments
    rest = [a for a in arguments if a != "--sha256"]
    if len(rest) != 2 or rest[0] not in MODES:
        print(__doc__, file=sys.stderr)
        return 2
    lines = []
    try:
        MODES[rest[0]](file_bytes(rest[1]), lines.append)
    except Torn:
        lines.append("torn")
    output = "".join(line + "\n" for line in lines).encode("ascii")
    if hash_only:
        print(hashlib.sha256(output).hexdigest(), len(lines))
    else:
        sys.stdout.buffer.write(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
