using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>What is wrong with a request: a SessionRejectReason about a tag, or an unknown symbol; None when it may go to the venue.</summary>
public readonly record struct RequestProblem(int Reason, int Tag, bool UnknownSymbol)
{
    public static readonly RequestProblem None = new(-1, 0, false);
    public bool IsNone => Reason < 0 && !UnknownSymbol;
}

/// <summary>Reads NewOrderSingle, OrderCancelRequest and OrderCancelReplaceRequest as an acceptor takes them.</summary>
public static class RequestDecoder
{
    private ref struct Fields
    {
        public ReadOnlySpan<byte> ClientOrderId, OriginalClientOrderId, Account, Symbol, Side, OrderType, TimeInForce, Quantity, Price, TransactTime;
        public bool Malformed;
    }

    public static RequestProblem NewOrder(ReadOnlySpan<byte> message, in FixHeader header, SymbolTable symbols, out NewOrderRequest request)
    {
        request = new NewOrderRequest { Sequence = header.Sequence, PossibleResend = header.PossResend };
        var f = Scan(message, in header);
        var problem = Common(in f, symbols, needsOriginal: false, out request.ClientOrderId, out _, out request.Instrument, out request.Side, out request.TransactTimeUtcNs);
        if (problem.IsNone) problem = Terms(in f, symbols, request.Instrument, out request.OrderType, out request.TimeInForce, out request.PriceUnits, out request.QuantityUnits);
        if (problem.IsNone && !FixText.TryCreate(f.Account, out request.Account)) problem = Wrong(FixTag.Account);
        return problem;
    }

    public static RequestProblem Cancel(ReadOnlySpan<byte> message, in FixHeader header, SymbolTable symbols, out CancelOrderRequest request)
    {
        request = new CancelOrderRequest { Sequence = header.Sequence };
        var f = Scan(message, in header);
        return Common(in f, symbols, needsOriginal: true, out request.ClientOrderId, out request.OriginalClientOrderId, out request.Instrument, out request.Side, out request.TransactTimeUtcNs);
    }

    public static RequestProblem Replace(ReadOnlySpan<byte> message, in FixHeader header, SymbolTable symbols, out ReplaceOrderRequest request)
    {
        request = new ReplaceOrderRequest { Sequence = header.Sequence };
        var f = Scan(message, in header);
        var problem = Common(in f, symbols, needsOriginal: true, out request.ClientOrderId, out request.OriginalClientOrderId, out request.Instrument, out request.Side, out request.TransactTimeUtcNs);
        if (problem.IsNone) problem = Terms(in f, symbols, request.Instrument, out request.OrderType, out request.TimeInForce, out request.PriceUnits, out request.QuantityUnits);
        return problem;
    }

    /// <summary>OrderStatusRequest, which has no TransactTime; the order is named by its ClOrdID.</summary>
    public static RequestProblem Status(ReadOnlySpan<byte> message, in FixHeader header, SymbolTable symbols, out CancelOrderRequest request)
    {
        request = new CancelOrderRequest { Sequence = header.Sequence };
        var f = Scan(message, in header);
        return Named(in f, symbols, needsOriginal: false, out request.ClientOrderId, out request.OriginalClientOrderId, out request.Instrument, out request.Side);
    }

    /// <summary>OrderMassStatusRequest, of all orders (MassStatusReqType 7) or those of one security (1).</summary>
    public static RequestProblem MassStatus(ReadOnlySpan<byte> message, in FixHeader header, SymbolTable symbols, out MassStatusRequest request)
    {
        request = new MassStatusRequest { Sequence = header.Sequence, Instrument = RingEvent.AllInstruments };
        ReadOnlySpan<byte> id = default, type = default, symbol = default;
        var fields = new FixFieldReader(message, header.BodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.MassStatusReqID: id = value; break;
                case FixTag.MassStatusReqType: type = value; break;
                case FixTag.Symbol: symbol = value; break;
            }
        }
        if (fields.Malformed) return new RequestProblem(SessionRejectReason.InvalidTag, 0, false);
        if (id.IsEmpty) return Missing(FixTag.MassStatusReqID);
        if (!FixText.TryCreate(id, out request.Id)) return Wrong(FixTag.MassStatusReqID);
        if (type.IsEmpty) return Missing(FixTag.MassStatusReqType);
        if (type is [(byte)'7']) return RequestProblem.None;
        if (type is not [(byte)'1']) return Wrong(FixTag.MassStatusReqType);
        if (symbol.IsEmpty) return Missing(FixTag.Symbol);
        int found = symbols.Find(symbol);
        if (found < 0) return new RequestProblem(-1, FixTag.Symbol, true);
        request.Instrument = (ushort)found;
        return RequestProblem.None;
    }

    private static Fields Scan(ReadOnlySpan<byte> message, in FixHeader header)
    {
        var f = default(Fields);
        if (header.Fields is { } known)
        {
            f.ClientOrderId = known.Value(message, KnownField.ClOrdID);
            f.OriginalClientOrderId = known.Value(message, KnownField.OrigClOrdID);
            f.Account = known.Value(message, KnownField.Account);
            f.Symbol = known.Value(message, KnownField.Symbol);
            f.Side = known.Value(message, KnownField.Side);
            f.OrderType = known.Value(message, KnownField.OrdType);
            f.TimeInForce = known.Value(message, KnownField.TimeInForce);
            f.Quantity = known.Value(message, KnownField.OrderQty);
            f.Price = known.Value(message, KnownField.Price);
            f.TransactTime = known.Value(message, KnownField.TransactTime);
            return f;
        }
        var fields = new FixFieldReader(message, header.BodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.ClOrdID: f.ClientOrderId = value; break;
                case FixTag.OrigClOrdID: f.OriginalClientOrderId = value; break;
                case FixTag.Account: f.Account = value; break;
                case FixTag.Symbol: f.Symbol = value; break;
                case FixTag.Side: f.Side = value; break;
                case FixTag.OrdType: f.OrderType = value; break;
                case FixTag.TimeInForce: f.TimeInForce = value; break;
                case FixTag.OrderQty: f.Quantity = value; break;
                case FixTag.Price: f.Price = value; break;
                case FixTag.TransactTime: f.TransactTime = value; break;
            }
        }
        f.Malformed = fields.Malformed;
        return f;
    }

    private static RequestProblem Common(in Fields f, SymbolTable symbols, bool needsOriginal, out FixText id, out FixText original, out ushort instrument, out Side side, out long transactTimeUtcNs)
    {
        transactTimeUtcNs = 0;
        var problem = Named(in f, symbols, needsOriginal, out id, out original, out instrument, out side);
        if (!problem.IsNone && !problem.UnknownSymbol) return problem;
        if (f.TransactTime.IsEmpty) return Missing(FixTag.TransactTime);
        return FixTimestamp.TryParse(f.TransactTime, out transactTimeUtcNs) ? problem : BadFormat(FixTag.TransactTime);
    }

    private static RequestProblem Named(in Fields f, SymbolTable symbols, bool needsOriginal, out FixText id, out FixText original, out ushort instrument, out Side side)
    {
        id = original = default;
        instrument = 0;
        side = Side.None;
        if (f.Malformed) return new RequestProblem(SessionRejectReason.InvalidTag, 0, false);
        if (f.ClientOrderId.IsEmpty) return Missing(FixTag.ClOrdID);
        if (!FixText.TryCreate(f.ClientOrderId, out id)) return Wrong(FixTag.ClOrdID);
        if (needsOriginal && f.OriginalClientOrderId.IsEmpty) return Missing(FixTag.OrigClOrdID);
        if (!FixText.TryCreate(f.OriginalClientOrderId, out original)) return Wrong(FixTag.OrigClOrdID);
        if (f.Symbol.IsEmpty) return Missing(FixTag.Symbol);
        if (f.Side.IsEmpty) return Missing(FixTag.Side);
        side = f.Side.Length == 1 ? FixEnums.SideOf(f.Side[0]) : Side.None;
        if (side == Side.None) return Wrong(FixTag.Side);
        int found = symbols.Find(f.Symbol);
        if (found < 0) return new RequestProblem(-1, FixTag.Symbol, true);
        instrument = (ushort)found;
        return RequestProblem.None;
    }

    private static RequestProblem Terms(in Fields f, SymbolTable symbols, ushort instrument, out FixOrderType type, out TimeInForce timeInForce, out long priceUnits, out long quantityUnits)
    {
        type = f.OrderType is [(byte)'1'] ? FixOrderType.Market : FixOrderType.Limit;
        timeInForce = TimeInForce.Day;
        priceUnits = quantityUnits = 0;
        if (f.OrderType.IsEmpty) return Missing(FixTag.OrdType);
        if (f.OrderType is not ([(byte)'1'] or [(byte)'2'])) return Wrong(FixTag.OrdType);
        if (!f.TimeInForce.IsEmpty && (f.TimeInForce.Length != 1 || !FixEnums.TryTimeInForce(f.TimeInForce[0], out timeInForce))) return Wrong(FixTag.TimeInForce);
        if (f.Quantity.IsEmpty) return Missing(FixTag.OrderQty);
        var parsed = FixNumber.ParseDecimal(f.Quantity, symbols.QuantityDecimals[instrument], out quantityUnits);
        if (parsed == DecimalParse.Malformed) return BadFormat(FixTag.OrderQty);
        if (parsed == DecimalParse.Rounded || quantityUnits <= 0) return Wrong(FixTag.OrderQty);
        if (type == FixOrderType.Market) return RequestProblem.None;
        if (f.Price.IsEmpty) return Missing(FixTag.Price);
        parsed = FixNumber.ParseDecimal(f.Price, symbols.PriceDecimals[instrument], out priceUnits);
        if (parsed == DecimalParse.Malformed) return BadFormat(FixTag.Price);
        return parsed == DecimalParse.Rounded ? Wrong(FixTag.Price) : RequestProblem.None;
    }

    private static RequestProblem Missing(int tag) => new(SessionRejectReason.RequiredTagMissing, tag, false);
    private static RequestProblem Wrong(int tag) => new(SessionRejectReason.ValueIncorrect, tag, false);
    private static RequestProblem BadFormat(int tag) => new(SessionRejectReason.IncorrectDataFormat, tag, false);
}
