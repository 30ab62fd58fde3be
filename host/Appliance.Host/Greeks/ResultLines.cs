using System.Runtime.CompilerServices;
using System.Text;
using Appliance.Kernels.Pricing;

namespace Appliance.Host.Greeks;

/// <summary>Lays results out as lines of CSV in one buffer, which it hands to a stream when full.</summary>
internal sealed class ResultLines
{
    private const int BufferBytes = 1 << 18;
    /// <summary>Room that a line needs beside its id and its reason: ten numbers, separators and "ok".</summary>
    private const int LineRoomBytes = 10 * (NumberWriter.BytesMax + 1) + 64;

    private readonly Stream _stream;
    private readonly bool _hasImpliedVolatility;
    private byte[] _buffer = new byte[BufferBytes];
    private int _at;

    public ResultLines(Stream stream, bool hasImpliedVolatility)
    {
        _stream = stream;
        _hasImpliedVolatility = hasImpliedVolatility;
        Append("id,price,delta,gamma,vega,theta,rho,vanna,volga,charm,status"u8);
        if (hasImpliedVolatility) Append(",impliedVol"u8);
        _buffer[_at++] = (byte)'\n';
    }

    public long BytesWritten { get; private set; }

    public void Priced(ReadOnlySpan<byte> id, in Sensitivities s, double impliedVolatility)
    {
        MakeRoom(LineRoomBytes + 2 * id.Length);
        Text(id);
        Number(s.Price);
        Number(s.Delta);
        Number(s.Gamma);
        Number(s.Vega);
        Number(s.Theta);
        Number(s.Rho);
        Number(s.Vanna);
        Number(s.Volga);
        Number(s.Charm);
        ",ok"u8.CopyTo(_buffer.AsSpan(_at));
        _at += 3;
        if (_hasImpliedVolatility)
        {
            if (double.IsNaN(impliedVolatility)) _buffer[_at++] = (byte)',';
            else Number(impliedVolatility);
        }
        _buffer[_at++] = (byte)'\n';
    }

    public void Faulty(ReadOnlySpan<byte> id, string reason)
    {
        MakeRoom(LineRoomBytes + 2 * id.Length + 2 * Encoding.UTF8.GetMaxByteCount(reason.Length));
        Text(id);
        Append(",,,,,,,,,,"u8);
        Text(Encoding.UTF8.GetBytes(reason));
        if (_hasImpliedVolatility) _buffer[_at++] = (byte)',';
        _buffer[_at++] = (byte)'\n';
    }

    public void Flush()
    {
        _stream.Write(_buffer, 0, _at);
        BytesWritten += _at;
        _at = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MakeRoom(int bytes)
    {
        if (_at + bytes <= _buffer.Length) return;
        Flush();
        if (bytes > _buffer.Length) _buffer = new byte[bytes];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Number(double value)
    {
        _buffer[_at++] = (byte)',';
        _at += NumberWriter.Write(value, _buffer.AsSpan(_at));
    }

    /// <summary>A field in quotation marks where it needs them.</summary>
    private void Text(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny((byte)',', (byte)'"') < 0)
        {
            Append(text);
            return;
        }
        _buffer[_at++] = (byte)'"';
        foreach (byte b in text)
        {
            if (b == '"') _buffer[_at++] = b;
            _buffer[_at++] = b;
        }
        _buffer[_at++] = (byte)'"';
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer.AsSpan(_at));
        _at += text.Length;
    }
}
