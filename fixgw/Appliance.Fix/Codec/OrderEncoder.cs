using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// NewOrderSingle, OrderCancelRequest and OrderCancelReplaceRequest by template: for each instrument and kind the message stands ready down to the fields
/// of fixed width; an order patches number, times, side and time in force, then appends identifiers, quantity and price. All orders are limit orders.
/// The checksum is added up from the template's and from what is written, as it is written: nothing is read again, so nothing waits for the stores before it.
/// </summary>
public sealed class OrderEncoder
{
    private const int BlockBytes = 64;
    /// <summary>Bytes behind a template: four fields with numbers, and what is written over beyond the trailer.</summary>
    private const int TailRoom = 192;

    private readonly struct Template(byte[] bytes, int length, uint sum)
    {
        /// <summary>Padded to whole blocks.</summary>
        public readonly byte[] Bytes = bytes;
        public readonly int Length = length;
        /// <summary>Sum of what stands still: number and length as zeros, without times and what an order patches.</summary>
        public readonly uint Sum = sum;
    }

    private readonly FixHeaderTemplate _header;
    private readonly SymbolTable _symbols;
    // [kind − 1][instrument]
    private readonly Template[][] _templates;
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
        _templates = new Template[3][];
        for (int kind = 0; kind < 3; kind++)
        {
            _templates[kind] = new Template[symbols.Count];
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
                _templates[kind][i] = Prepare(template, isCancel: kind == (int)OrderRequestKind.Cancel - 1);
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

    /// <summary>Pads the template, and adds up what every order has.</summary>
    private Template Prepare(byte[] template, bool isCancel)
    {
        byte[] still = [.. template];
        still.AsSpan(_header.SendingTimeAt, _header.Time.Length).Clear();
        still.AsSpan(template.Length - _transactTimeFromEnd, _header.Time.Length).Clear();
        if (isCancel) still[template.Length - _cancelSideFromEnd] = 0;
        else still[template.Length - _sideFromEnd] = still[template.Length - _timeInForceFromEnd] = 0;
        byte[] padded = new byte[(template.Length + BlockBytes - 1) / BlockBytes * BlockBytes];
        template.CopyTo(padded, 0);
        return new Template(padded, template.Length, FixChecksum.Sum(still));
    }

    /// <summary>Writes the order into the buffer, which holds <see cref="FixMessageWriter.MinimumBuffer"/> bytes, and more for long symbols and further fields.</summary>
    /// <returns>The message's length.</returns>
    public int Encode(Span<byte> buffer, in OrderIntent order, uint sequence, long utcNs)
    {
        if (order.Kind == OrderRequestKind.Status) return EncodeStatus(buffer, in order, sequence, utcNs);
        if (order.Kind == OrderRequestKind.MassStatus) return EncodeMassStatus(buffer, in order, sequence, utcNs);
        if (FoundOrderId.Is(order.OriginalClientOrderId)) return EncodeOfFound(buffer, in order, sequence, utcNs);
        ref readonly Template template = ref _templates[(int)order.Kind - 1][order.Instrument];
        int at = template.Length;
        if (buffer.Length < template.Bytes.Length + TailRoom) ThrowTooShort(buffer.Length, at);
        ref byte to = ref MemoryMarshal.GetReference(buffer);
        ref byte from = ref MemoryMarshal.GetArrayDataReference(template.Bytes);
        for (int block = 0; block < at; block += BlockBytes) Vector512.LoadUnsafe(ref from, (nuint)block).StoreUnsafe(ref to, (nuint)block);
        if (Avx512BW.IsSupported && order.Kind == OrderRequestKind.New && IsUsual(in order) && _header.Time.HasMicroseconds) return EncodeUsual(ref to, in template, in order, sequence, utcNs);
        uint sum = template.Sum + FixNumber.WriteNineDigits(ref Unsafe.Add(ref to, _header.SequenceAt), sequence);
        // TransactTime is the sending time: the order is made now.
        sum += 2 * _header.Time.Write(ref Unsafe.Add(ref to, _header.SendingTimeAt), ref Unsafe.Add(ref to, at - _transactTimeFromEnd), utcNs);
        byte side = order.Side == Side.Buy ? (byte)'1' : (byte)'2';
        sum += side;
        if (order.Kind == OrderRequestKind.Cancel)
        {
            Unsafe.Add(ref to, at - _cancelSideFromEnd) = side;
        }
        else
        {
            byte timeInForce = FixEnums.TimeInForceCode(order.TimeInForce);
            Unsafe.Add(ref to, at - _sideFromEnd) = side;
            Unsafe.Add(ref to, at - _timeInForceFromEnd) = timeInForce;
            sum += timeInForce;
        }
        at = Identifier(ref to, at, '1' | '1' << 8 | '=' << 16, order.ClientOrderId, ref sum);
        if (order.Kind != OrderRequestKind.New) at = Identifier(ref to, at, '4' | '1' << 8 | '=' << 16, order.OriginalClientOrderId, ref sum);
        if (order.QuantityUnits > 0) at = Decimal(buffer, ref to, at, '3' | '8' << 8 | '=' << 16, order.QuantityUnits, _symbols.QuantityDecimals[order.Instrument], ref sum);
        if (order.Kind != OrderRequestKind.Cancel) at = Decimal(buffer, ref to, at, '4' | '4' << 8 | '=' << 16, order.PriceUnits, _symbols.PriceDecimals[order.Instrument], ref sum);
        return Finish(ref to, at, sum);
    }

    /// <summary>The body's length and the checksum.</summary>
    /// <returns>The message's length.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Finish(ref byte to, int at, uint sum)
    {
        sum += FixNumber.WriteFourDigits(ref Unsafe.Add(ref to, _header.BodyLengthAt), (uint)(at - _header.BodyAt));
        uint check = (byte)sum, hundreds = check / 100, tens = (check - hundreds * 100) / 10, ones = check - hundreds * 100 - tens * 10;
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), '1' | (ulong)'0' << 8 | (ulong)'=' << 16 | (ulong)('0' + hundreds) << 24 | (ulong)('0' + tens) << 32 | (ulong)('0' + ones) << 40 | (ulong)FixFramer.Separator << 48);
        return at + 7;
    }

    /// <summary>Quantity and price of so few digits that each is made from one word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsUsual(in OrderIntent order) =>
        (ulong)(order.QuantityUnits - 1) < FixNumber.ShortDecimalEnd - 1 && (ulong)order.PriceUnits < FixNumber.ShortDecimalEnd
        && Math.Max(_symbols.PriceDecimals[order.Instrument], _symbols.QuantityDecimals[order.Instrument]) < 8;

    /// <summary>A new order with a usual quantity and price, whose template was copied: all its numbers are parted into digits at once.</summary>
    private int EncodeUsual(ref byte to, in Template template, in OrderIntent order, uint sequence, long utcNs)
    {
        const ulong End = FixNumber.ShortDecimalEnd, Zeros = 0x3030_3030_3030_3030;
        ulong id = order.ClientOrderId, idHigh = id / End, idTop = idHigh / End, sequenceTop = sequence / (uint)End;
        var digits = FixNumber.PartDigits(Vector512.Create(sequence - sequenceTop * End, _header.Time.MicrosecondsInMinute(utcNs), idTop, idHigh - idTop * End, id - idHigh * End, (ulong)order.QuantityUnits, (ulong)order.PriceUnits, 0), out var sums);
        int at = template.Length;
        byte side = order.Side == Side.Buy ? (byte)'1' : (byte)'2', timeInForce = FixEnums.TimeInForceCode(order.TimeInForce);
        // The time stands there twice.
        uint sum = template.Sum + (uint)Vector512.Sum(sums) + (uint)sums.GetElement(1) + (uint)sequenceTop % 10 + side + timeInForce;
        Unsafe.Add(ref to, _header.SequenceAt) = (byte)('0' + sequenceTop % 10);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, _header.SequenceAt + 1), digits.GetElement(0) + Zeros);
        sum += 2 * _header.Time.WriteRest(ref Unsafe.Add(ref to, _header.SendingTimeAt), ref Unsafe.Add(ref to, at - _transactTimeFromEnd), digits.GetElement(1) + Zeros);
        Unsafe.Add(ref to, at - _sideFromEnd) = side;
        Unsafe.Add(ref to, at - _timeInForceFromEnd) = timeInForce;
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), '1' | '1' << 8 | '=' << 16);
        at += 3;
        if (idTop > 0) at += FixNumber.WriteDigits(ref Unsafe.Add(ref to, at), digits.GetElement(2), ref sum);
        at += idTop > 0 ? FixNumber.WriteAllDigits(ref Unsafe.Add(ref to, at), digits.GetElement(3), ref sum) : idHigh > 0 ? FixNumber.WriteDigits(ref Unsafe.Add(ref to, at), digits.GetElement(3), ref sum) : 0;
        at += idHigh > 0 ? FixNumber.WriteAllDigits(ref Unsafe.Add(ref to, at), digits.GetElement(4), ref sum) : FixNumber.WriteDigits(ref Unsafe.Add(ref to, at), digits.GetElement(4), ref sum);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), FixFramer.Separator | '3' << 8 | '8' << 16 | '=' << 24);
        at += 4;
        at += FixNumber.WriteShortDecimal(ref Unsafe.Add(ref to, at), digits.GetElement(5), _symbols.QuantityDecimals[order.Instrument], ref sum);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), FixFramer.Separator | '4' << 8 | '4' << 16 | '=' << 24);
        at += 4;
        at += FixNumber.WriteShortDecimal(ref Unsafe.Add(ref to, at), digits.GetElement(6), _symbols.PriceDecimals[order.Instrument], ref sum);
        Unsafe.Add(ref to, at) = FixFramer.Separator;
        sum += '1' + '1' + '3' + '8' + '4' + '4' + 3 * '=' + 3 * FixFramer.Separator;
        return Finish(ref to, at + 1, sum);
    }

    /// <summary>A request about an order that was found at the venue, which goes by the venue's names for it. Rare, and written field by field.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int EncodeOfFound(Span<byte> buffer, in OrderIntent order, uint sequence, long utcNs)
    {
        ref readonly Template template = ref _templates[(int)order.Kind - 1][order.Instrument];
        bool isCancel = order.Kind == OrderRequestKind.Cancel;
        var w = new FixMessageWriter(buffer, _header, template.Bytes.AsSpan(0, template.Length), sequence, utcNs);
        buffer.Slice(_header.SendingTimeAt, _transactTimeFromEnd).CopyTo(buffer[(template.Length - _transactTimeFromEnd)..]);
        buffer[template.Length - (isCancel ? _cancelSideFromEnd : _sideFromEnd)] = order.Side == Side.Buy ? (byte)'1' : (byte)'2';
        if (!isCancel) buffer[template.Length - _timeInForceFromEnd] = FixEnums.TimeInForceCode(order.TimeInForce);
        w.Number("11="u8, order.ClientOrderId);
        Name(ref w, "41="u8, order.OriginalClientOrderId);
        if (order.QuantityUnits > 0) w.Decimal("38="u8, order.QuantityUnits, _symbols.QuantityDecimals[order.Instrument]);
        if (!isCancel) w.Decimal("44="u8, order.PriceUnits, _symbols.PriceDecimals[order.Instrument]);
        return w.Finish();
    }

    /// <param name="tag">Two digits and '=', the first lowest.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Identifier(ref byte to, int at, uint tag, ulong id, ref uint sum)
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), tag);
        at += 3;
        at += FixNumber.WriteNumber(ref Unsafe.Add(ref to, at), id, ref sum);
        Unsafe.Add(ref to, at) = FixFramer.Separator;
        sum += (tag & 0xFF) + (tag >> 8 & 0xFF) + (tag >> 16) + FixFramer.Separator;
        return at + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decimal(Span<byte> buffer, ref byte to, int at, uint tag, long units, int decimals, ref uint sum)
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), tag);
        at += 3;
        at += (ulong)units < FixNumber.ShortDecimalEnd && decimals < 8 ? FixNumber.WriteShortDecimal(ref Unsafe.Add(ref to, at), (uint)units, decimals, ref sum) : LongDecimal(buffer[at..], units, decimals, ref sum);
        Unsafe.Add(ref to, at) = FixFramer.Separator;
        sum += (tag & 0xFF) + (tag >> 8 & 0xFF) + (tag >> 16) + FixFramer.Separator;
        return at + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LongDecimal(Span<byte> to, long units, int decimals, ref uint sum)
    {
        int length = FixNumber.WriteDecimal(to, units, decimals);
        sum += FixChecksum.Sum(to[..length]);
        return length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowTooShort(int buffer, int template) => throw new InvalidOperationException($"an order of this instrument takes a buffer of {template + TailRoom} bytes, this one has {buffer}; a session sends at most {SequenceStore.MaxOutgoingBytes}");
}
