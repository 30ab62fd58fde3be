using System.Diagnostics.CodeAnalysis;
using System.Text;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// NewOrderSingle, OrderCancelRequest and OrderCancelReplaceRequest by template: for each instrument and kind the message stands ready down to the fields
/// of fixed width; an order patches number, times, side and time in force, then appends identifiers, quantity and price. All orders are limit orders.
/// </summary>
public sealed class OrderEncoder
{
    private readonly FixHeaderTemplate _header;
    private readonly SymbolTable _symbols;
    // [kind − 1][instrument]
    private readonly byte[][][] _templates;
    private readonly byte[][] _statusTemplates;
    private readonly FoundOrders? _found;
    private readonly int _sideFromEnd, _timeInForceFromEnd, _transactTimeFromEnd, _cancelSideFromEnd, _cancelTimeFromEnd;

    /// <param name="account">Account (1), empty to leave it out.</param>
    /// <param name="orderFields">Further fields of every new order and amend that never change (OrderCapacity, Currency, ExDestination), as on the wire, each with its separator.</param>
    /// <param name="found">The names of orders found at the venue, for requests about them; null where none can be.</param>
    public OrderEncoder(FixHeaderTemplate header, SymbolTable symbols, string account, string orderFields = "", FoundOrders? found = null)
    {
        _found = found;
        _header = header;
        _symbols = symbols;
        if (account.Length > FixText.MaxLength || !account.All(c => c is >= ' ' and <= '~'))
            throw new ArgumentException($"an account is at most {FixText.MaxLength} printable ASCII characters, not '{account}'", nameof(account));
        string time = new('0', header.Time.Length);
        string orderTail = $"54=?\u000159=?\u000160={time}\u0001";
        string cancelTail = $"54=?\u000160={time}\u0001";
        _transactTimeFromEnd = header.Time.Length + 1;
        _timeInForceFromEnd = _transactTimeFromEnd + 3 + 2;
        _sideFromEnd = _timeInForceFromEnd + 3 + 2;
        _cancelTimeFromEnd = _transactTimeFromEnd;
        _cancelSideFromEnd = _cancelTimeFromEnd + 3 + 2;
        string accountField = account.Length == 0 ? "" : $"1={account}\u0001";
        _statusTemplates = new byte[symbols.Count][];
        for (int i = 0; i < symbols.Count; i++)
        {
            _statusTemplates[i] = [.. header.Bytes, .. Encoding.ASCII.GetBytes($"{accountField}55={Encoding.ASCII.GetString(symbols.Symbol(i))}\u000154=?\u0001")];
            _statusTemplates[i][header.MsgTypeAt] = (byte)'H';
        }
        _templates = new byte[3][][];
        for (int kind = 0; kind < 3; kind++)
        {
            _templates[kind] = new byte[symbols.Count][];
            for (int i = 0; i < symbols.Count; i++)
            {
                string symbol = Encoding.ASCII.GetString(symbols.Symbol(i));
                string body = kind == (int)OrderRequestKind.Cancel - 1
                    ? $"{accountField}55={symbol}\u0001{cancelTail}"
                    : $"{accountField}55={symbol}\u000121=1\u000140=2\u0001{orderFields}{orderTail}";
                byte[] template = [.. header.Bytes, .. Encoding.ASCII.GetBytes(body)];
                template[header.MsgTypeAt] = (OrderRequestKind)(kind + 1) switch
                {
                    OrderRequestKind.New => (byte)'D',
                    OrderRequestKind.Amend => (byte)'G',
                    _ => (byte)'F',
                };
                _templates[kind][i] = template;
            }
        }
    }

    /// <summary>OrderStatusRequest has no TransactTime: its template ends with the side.</summary>
    private int EncodeStatus(Span<byte> buffer, in OrderIntent order, uint sequence, long utcNs)
    {
        byte[] template = _statusTemplates[order.Instrument];
        var w = new FixMessageWriter(buffer, _header, template, sequence, utcNs);
        buffer[template.Length - 2] = order.Side == Side.Buy ? (byte)'1' : (byte)'2';
        if (FoundOrderId.Is(order.ClientOrderId)) Name(ref w, "11="u8, order.ClientOrderId);
        else w.Number("11="u8, order.ClientOrderId);
        return w.Finish();
    }

    /// <summary>OrderMassStatusRequest for all orders (MassStatusReqType 7), of FIX 4.3 and later.</summary>
    private int EncodeMassStatus(Span<byte> buffer, in OrderIntent order, uint sequence, long utcNs)
    {
        var w = FixMessageWriter.Begin(buffer, _header, FixMsgType.OrderMassStatusRequest, sequence, utcNs);
        w.Number("584="u8, order.ClientOrderId);
        w.Raw("585=7\u0001"u8);
        return w.Finish();
    }

    /// <summary>An order found at the venue goes by the venue's names for it.</summary>
    private void Name(ref FixMessageWriter w, scoped ReadOnlySpan<byte> tag, ulong id)
    {
        FoundOrder found = default;
        if (_found is null || !_found.TryGet(id, out found)) ThrowUnknownName(id);
        w.Text(tag, found.ClientOrderId.Span);
        if (!found.OrderId.IsEmpty) w.Text("37="u8, found.OrderId.Span);
    }

    [DoesNotReturn]
    private static void ThrowUnknownName(ulong id) => throw new InvalidOperationException($"no order was found at the venue under the number {id}");

    /// <summary>MsgType of a request's message.</summary>
    public static uint TypeOf(OrderRequestKind kind) => kind switch
    {
        OrderRequestKind.New => FixMsgType.NewOrderSingle,
        OrderRequestKind.Amend => FixMsgType.OrderCancelReplaceRequest,
        OrderRequestKind.Status => FixMsgType.OrderStatusRequest,
        OrderRequestKind.MassStatus => FixMsgType.OrderMassStatusRequest,
        _ => FixMsgType.OrderCancelRequest,
    };

    /// <summary>Writes the order into the buffer, which holds <see cref="FixMessageWriter.MinimumBuffer"/> bytes.</summary>
    /// <returns>The message's length.</returns>
    public int Encode(Span<byte> buffer, in OrderIntent order, uint sequence, long utcNs)
    {
        if (order.Kind == OrderRequestKind.Status) return EncodeStatus(buffer, in order, sequence, utcNs);
        if (order.Kind == OrderRequestKind.MassStatus) return EncodeMassStatus(buffer, in order, sequence, utcNs);
        byte[] template = _templates[(int)order.Kind - 1][order.Instrument];
        var w = new FixMessageWriter(buffer, _header, template, sequence, utcNs);
        // TransactTime is the sending time: the order is made now; its text was just written into the header.
        var time = buffer.Slice(_header.SendingTimeAt, _transactTimeFromEnd);
        time.CopyTo(buffer[(template.Length - _transactTimeFromEnd)..]);
        byte side = order.Side == Side.Buy ? (byte)'1' : (byte)'2';
        if (order.Kind == OrderRequestKind.Cancel)
        {
            buffer[template.Length - _cancelSideFromEnd] = side;
        }
        else
        {
            buffer[template.Length - _sideFromEnd] = side;
            buffer[template.Length - _timeInForceFromEnd] = FixEnums.TimeInForceCode(order.TimeInForce);
        }
        w.Number("11="u8, order.ClientOrderId);
        if (FoundOrderId.Is(order.OriginalClientOrderId)) Name(ref w, "41="u8, order.OriginalClientOrderId);
        else if (order.Kind != OrderRequestKind.New)
            w.Number("41="u8, order.OriginalClientOrderId);
        if (order.QuantityUnits > 0)
            w.Decimal("38="u8, order.QuantityUnits, _symbols.QuantityDecimals[order.Instrument]);
        if (order.Kind != OrderRequestKind.Cancel)
            w.Decimal("44="u8, order.PriceUnits, _symbols.PriceDecimals[order.Instrument]);
        return w.Finish();
    }
}
