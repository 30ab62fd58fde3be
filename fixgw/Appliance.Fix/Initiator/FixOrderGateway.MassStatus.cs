using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>Which orders stand at the venue: the answers to an OrderMassStatusRequest.</summary>
public sealed partial class FixOrderGateway<TSink, TClock>
{
    private MassStatusRound _massStatus;

    /// <summary>A report that belongs to the mass status under way: of an order, ours or not, or of none at all.</summary>
    /// <returns>False when it does not belong to it.</returns>
    private bool OnListed(in FixHeader header, ReadOnlySpan<byte> message)
    {
        // What is repeated answers an earlier request.
        if (header.PossDup) return false;
        var answer = MassStatusReport.Read(message, header.BodyStart, _massStatus.Id);
        if (!answer.Answers) return false;
        ReportDecoder.ExecutionReport(message, in header, out var report);
        // "There are none" is said by a report about nothing, whose other fields are fillers.
        bool isOfNone = answer.Total == 0 || (report.Status == OrderStatus.Rejected && answer.IsLast && report.ClientOrderId.IsEmpty);
        if (!isOfNone)
        {
            _massStatus.Listed++;
            Counters.MassStatusReports++;
            Publish(in header, message, in report);
        }
        if (answer.IsLast || (answer.Total >= 0 && _massStatus.Listed >= answer.Total)) EndMassStatus(in header, ExecutionKind.Status, 0, answer.Total);
        return true;
    }

    private void Publish(in FixHeader header, ReadOnlySpan<byte> message, in DecodedReport report)
    {
        if (report.Problem >= 0)
        {
            _session.SendReject(in header, message, report.Problem, report.ProblemTag);
            return;
        }
        int instrument = _symbols.Find(report.Symbol);
        if (instrument < 0)
        {
            // Of an instrument that this desk does not trade: another's order, and no affair of this ring.
            Counters.UnknownSymbols++;
            return;
        }
        if (!TryIdentify(report.ClientOrderId, out ulong id) && (id = _found.Take(report.ClientOrderId, report.OrderId)) == 0)
        {
            Counters.UnnamedOrders++;
            return;
        }
        int priceDecimals = _symbols.PriceDecimals[instrument], quantityDecimals = _symbols.QuantityDecimals[instrument];
        int bad = !Read(report.Price, priceDecimals, out long price) ? FixTag.Price
            : !Read(report.OrderQuantity, quantityDecimals, out long quantity) ? FixTag.OrderQty
            : !Read(report.CumulativeQuantity, quantityDecimals, out long cumulative) ? FixTag.CumQty : Listed(in header, in report, id, (ushort)instrument, price, quantity, cumulative);
        if (bad != 0) _session.SendReject(in header, message, SessionRejectReason.IncorrectDataFormat, bad);
    }

    /// <returns>0, for nothing is wrong any more.</returns>
    private int Listed(in FixHeader header, in DecodedReport report, ulong id, ushort instrument, long price, long quantity, long cumulative)
    {
        _recent.MarkAnswered(id);
        Counters.Reports++;
        ref var slot = ref BeginExecution(in header, EventKind.ExecutionReported, instrument, report.Side);
        slot.Flags |= EventFlags.Listed;
        slot.ClientOrderId = id;
        slot.LastPriceUnits = price;
        slot.LastQuantityUnits = quantity;
        slot.CumulativeQuantityUnits = cumulative;
        slot.ExecutionKind = ExecutionKind.Status;
        slot.OrderStatus = report.Status;
        _sink.Publish();
        return 0;
    }

    /// <summary>It bears no sequence number: a host that dies between the last report and this asks again.</summary>
    private void EndMassStatus(in FixHeader header, ExecutionKind kind, int reason, long total)
    {
        ref var slot = ref BeginExecution(in header, EventKind.MassStatusEnded, RingEvent.AllInstruments, Side.None);
        slot.ClientOrderId = _massStatus.Id;
        slot.LastQuantityUnits = _massStatus.Listed;
        slot.CumulativeQuantityUnits = Math.Max(0, total);
        slot.ExecutionKind = kind;
        slot.Reason = (ushort)Math.Min(reason, ushort.MaxValue);
        slot.SessionSequence = 0;
        _sink.Publish();
        _massStatus = default;
    }

    /// <summary>Our identifiers are numbers, written without leading zeros; of others only those are known that a mass status found.</summary>
    private bool TryIdentify(ReadOnlySpan<byte> clientOrderId, out ulong id)
    {
        if (clientOrderId is not [(byte)'0', ..] && FixNumber.TryParseUnsigned(clientOrderId, out id) && !FoundOrderId.Is(id)) return true;
        id = _found.Count == 0 ? 0 : _found.Find(clientOrderId);
        return id != 0;
    }
}
