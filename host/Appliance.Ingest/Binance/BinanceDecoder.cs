using System.Text.Json;
using Appliance.Contract;

namespace Appliance.Ingest.Binance;

/// <summary>
/// One JSON message into a <see cref="BinanceMessage"/>: a pure function of its bytes, without allocation. Fields may come in any order (the venues differ, and spot's
/// bookTicker has no event name), so all are collected first and judged once the kind is known. A fault in a message of another kind is none.
/// Source: Binance's published stream and REST formats for spot, USD-M and COIN-M.
/// </summary>
public static class BinanceDecoder
{
    [Flags]
    private enum Seen
    {
        None = 0, EventName = 1, Symbol = 2, FirstUpdateId = 4, LastUpdateId = 8, Bids = 16, Asks = 32, Price = 64, Quantity = 128, TradeId = 256, BuyerIsMaker = 512,
        BidPrice = 1024, BidQuantity = 2048, AskPrice = 4096, AskQuantity = 8192, SnapshotId = 16384, AggregateId = 32768,
        Depth = Symbol | FirstUpdateId | LastUpdateId | Bids | Asks,
        Snapshot = SnapshotId | Bids | Asks,
        Trade = Symbol | Price | Quantity | TradeId | BuyerIsMaker,
        AggregateTrade = Symbol | Price | Quantity | AggregateId | BuyerIsMaker,
        BookTicker = Symbol | LastUpdateId | BidPrice | BidQuantity | AskPrice | AskQuantity,
    }

    public static BinanceFault Decode(ReadOnlySpan<byte> json, BinanceMessage message)
    {
        message.Clear();
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return BinanceFault.MalformedJson;
            var seen = Seen.None;
            var fault = BinanceFault.None;
            DecodeObject(ref reader, json, message, ref seen, ref fault, mayBeWrapper: true);
            // Anything behind the object makes the reader throw.
            _ = reader.Read();
            return Judge(json, message, seen, fault);
        }
        catch (JsonException)
        {
            return BinanceFault.MalformedJson;
        }
    }

    private static void DecodeObject(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, BinanceMessage message, ref Seen seen, ref BinanceFault fault, bool mayBeWrapper)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            byte first = name.Length > 0 ? name[0] : (byte)0;
            int length = name.Length;
            if (length > 1)
            {
                if (mayBeWrapper && name.SequenceEqual("data"u8))
                {
                    _ = reader.Read();
                    if (reader.TokenType == JsonTokenType.StartObject) DecodeObject(ref reader, json, message, ref seen, ref fault, mayBeWrapper: false);
                    else reader.Skip();
                    continue;
                }
                if (mayBeWrapper && name.SequenceEqual("stream"u8))
                {
                    _ = reader.Read();
                    message.IsPartialDepth = reader.TokenType == JsonTokenType.String && IsPartialDepthStream(reader.ValueSpan);
                    reader.Skip();
                    continue;
                }
                DecodeLongName(ref reader, name, message, ref seen, ref fault);
                continue;
            }
            _ = reader.Read();
            switch (first)
            {
                case (byte)'e': Text(ref reader, Seen.EventName, ref seen, out message.EventNameStart, out message.EventNameLength); break;
                case (byte)'s': Text(ref reader, Seen.Symbol, ref seen, out message.SymbolStart, out message.SymbolLength); break;
                case (byte)'E': Identifier(ref reader, Seen.None, ref message.EventTimeMs, ref seen, ref fault); break;
                case (byte)'U': Identifier(ref reader, Seen.FirstUpdateId, ref message.FirstUpdateId, ref seen, ref fault); break;
                case (byte)'u': Identifier(ref reader, Seen.LastUpdateId, ref message.LastUpdateId, ref seen, ref fault); break;
                case (byte)'t': Identifier(ref reader, Seen.TradeId, ref message.TradeId, ref seen, ref fault); break;
                case (byte)'p': Number(ref reader, Seen.Price, ref message.PriceUnits, ref seen, ref fault); break;
                case (byte)'q': Number(ref reader, Seen.Quantity, ref message.QuantityUnits, ref seen, ref fault); break;
                case (byte)'B': Number(ref reader, Seen.BidQuantity, ref message.BidQuantityUnits, ref seen, ref fault); break;
                case (byte)'A': Number(ref reader, Seen.AskQuantity, ref message.AskQuantityUnits, ref seen, ref fault); break;
                case (byte)'b':
                    // A list of levels in depth, a price in bookTicker, the buyer's order in older spot trades.
                    if (reader.TokenType == JsonTokenType.StartArray) Levels(ref reader, Side.Buy, Seen.Bids, message, ref seen, ref fault);
                    else if (reader.TokenType == JsonTokenType.String) Number(ref reader, Seen.BidPrice, ref message.BidPriceUnits, ref seen, ref fault);
                    else reader.Skip();
                    break;
                case (byte)'a':
                    // A list of levels in depth, a price in bookTicker, the identifier in aggTrade, the seller's order in older spot trades.
                    if (reader.TokenType == JsonTokenType.StartArray) Levels(ref reader, Side.Sell, Seen.Asks, message, ref seen, ref fault);
                    else if (reader.TokenType == JsonTokenType.String) Number(ref reader, Seen.AskPrice, ref message.AskPriceUnits, ref seen, ref fault);
                    else Identifier(ref reader, Seen.AggregateId, ref message.TradeId, ref seen, ref fault);
                    break;
                case (byte)'m':
                    if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
                    {
                        message.BuyerIsMaker = reader.TokenType == JsonTokenType.True;
                        seen |= Seen.BuyerIsMaker;
                    }
                    reader.Skip();
                    break;
                default: reader.Skip(); break;
            }
        }
    }

    private static void DecodeLongName(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, BinanceMessage message, ref Seen seen, ref BinanceFault fault)
    {
        _ = reader.Read();
        if (name.SequenceEqual("pu"u8)) Identifier(ref reader, Seen.None, ref message.PreviousUpdateId, ref seen, ref fault);
        else if (name.SequenceEqual("lastUpdateId"u8)) Identifier(ref reader, Seen.SnapshotId, ref message.LastUpdateId, ref seen, ref fault);
        else if (name.SequenceEqual("symbol"u8)) Text(ref reader, Seen.Symbol, ref seen, out message.SymbolStart, out message.SymbolLength);
        else if (name.SequenceEqual("bids"u8)) Levels(ref reader, Side.Buy, Seen.Bids, message, ref seen, ref fault);
        else if (name.SequenceEqual("asks"u8)) Levels(ref reader, Side.Sell, Seen.Asks, message, ref seen, ref fault);
        else reader.Skip();
    }

    private static BinanceFault Judge(ReadOnlySpan<byte> json, BinanceMessage message, Seen seen, BinanceFault fault)
    {
        if (message.IsPartialDepth) return BinanceFault.None;
        Seen needed;
        if ((seen & Seen.EventName) != 0)
        {
            ReadOnlySpan<byte> name = json.Slice(message.EventNameStart, message.EventNameLength);
            if (name.SequenceEqual("bookTicker"u8)) (message.Kind, needed) = (BinanceMessageKind.BookTicker, Seen.BookTicker);
            else if (name.SequenceEqual("depthUpdate"u8)) (message.Kind, needed) = (BinanceMessageKind.DepthUpdate, Seen.Depth);
            else if (name.SequenceEqual("trade"u8)) (message.Kind, needed) = (BinanceMessageKind.Trade, Seen.Trade);
            else if (name.SequenceEqual("aggTrade"u8)) (message.Kind, needed) = (BinanceMessageKind.AggregateTrade, Seen.AggregateTrade);
            else return BinanceFault.None;
        }
        else if ((seen & Seen.SnapshotId) != 0) (message.Kind, needed) = (BinanceMessageKind.Snapshot, Seen.Snapshot);
        else if ((seen & Seen.BookTicker) == Seen.BookTicker) (message.Kind, needed) = (BinanceMessageKind.BookTicker, Seen.BookTicker);
        else return BinanceFault.None;

        if (fault != BinanceFault.None) return fault;
        return (seen & needed) == needed ? BinanceFault.None : BinanceFault.MissingField;
    }

    /// <summary>Whether a stream is named like btcusdt@depth20 or btcusdt@depth5@100ms: the best few levels again and again, not the diffs.</summary>
    private static bool IsPartialDepthStream(ReadOnlySpan<byte> stream)
    {
        int at = stream.IndexOf("@depth"u8);
        return at >= 0 && at + 6 < stream.Length && stream[at + 6] is >= (byte)'0' and <= (byte)'9';
    }

    private static void Text(ref Utf8JsonReader reader, Seen bit, ref Seen seen, out int start, out int length)
    {
        (start, length) = (0, 0);
        if (reader.TokenType == JsonTokenType.String)
        {
            // TokenStartIndex is the opening quote.
            (start, length) = ((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
            seen |= bit;
        }
        reader.Skip();
    }

    private static void Identifier(ref Utf8JsonReader reader, Seen bit, ref long value, ref Seen seen, ref BinanceFault fault)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long read) && read >= 0)
        {
            value = read;
            seen |= bit;
            return;
        }
        fault = BinanceFault.BadIdentifier;
        reader.Skip();
    }

    private static void Number(ref Utf8JsonReader reader, Seen bit, ref long units, ref Seen seen, ref BinanceFault fault)
    {
        seen |= bit;
        if (reader.TokenType == JsonTokenType.String && FixedPoint.TryParse(reader.ValueSpan, out units)) return;
        fault = BinanceFault.BadNumber;
        reader.Skip();
    }

    private static void Levels(ref Utf8JsonReader reader, Side side, Seen bit, BinanceMessage message, ref Seen seen, ref BinanceFault fault)
    {
        seen |= bit;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            fault = BinanceFault.BadLevels;
            reader.Skip();
            return;
        }
        int depth = reader.CurrentDepth;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var level = new BinanceLevel { Side = side };
            var levelFault = BinanceFault.None;
            if (reader.TokenType != JsonTokenType.StartArray) levelFault = BinanceFault.BadLevels;
            else if (!reader.Read() || reader.TokenType != JsonTokenType.String) levelFault = BinanceFault.BadLevels;
            else if (!FixedPoint.TryParse(reader.ValueSpan, out level.PriceUnits)) levelFault = BinanceFault.BadNumber;
            else if (!reader.Read() || reader.TokenType != JsonTokenType.String) levelFault = BinanceFault.BadLevels;
            else if (!FixedPoint.TryParse(reader.ValueSpan, out level.QuantityUnits)) levelFault = BinanceFault.BadNumber;
            else if (level.PriceUnits == 0) levelFault = BinanceFault.ZeroPrice;
            else if (message.LevelCount == message.Levels.Length) levelFault = BinanceFault.TooManyLevels;
            if (levelFault != BinanceFault.None)
            {
                fault = levelFault;
                // To the end of the whole list, wherever in a level the fault was found.
                while ((reader.TokenType != JsonTokenType.EndArray || reader.CurrentDepth > depth) && reader.Read()) { }
                return;
            }
            message.Levels[message.LevelCount++] = level;
            // The level's end; older spot messages have a third, empty element.
            int levelDepth = depth + 1;
            while (reader.Read() && (reader.TokenType != JsonTokenType.EndArray || reader.CurrentDepth > levelDepth)) { }
        }
    }
}
